"""The WebSocket addresses of the site."""

from django.urls import path

from dashboard.consumers import ClusterConsumer

websocket_urlpatterns = [path("ws/cluster/<str:cluster>/", ClusterConsumer.as_asgi())]
