"""The WebSocket addresses of the site."""

from django.urls import path

from dashboard.consumers import ClusterConsumer
from dashboard.large_socket import LargeConsumer

websocket_urlpatterns = [
    path("ws/cluster/<str:cluster>/", ClusterConsumer.as_asgi()),
    path("ws/big/<str:cluster>/", LargeConsumer.as_asgi()),
]
