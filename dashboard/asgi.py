"""Where every protocol finds its application: HTTP, WebSocket and the worker's channel."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

from channels.routing import ChannelNameRouter, ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import SessionMiddlewareStack
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")


async def refuse(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Close a WebSocket whose address is not in dashboard/routing.py."""
    await send({"type": "websocket.close"})


def build() -> ProtocolTypeRouter:
    """Return the application; Django is set up before the modules that need its models are imported."""
    http = get_asgi_application()

    from cluster.worker import CHANNEL, PROCESS_CHANNEL, ClusterWorker
    from dashboard.kubernetes_api import PREFIX, KubernetesAPI
    from dashboard.routing import websocket_urlpatterns

    worker, kubernetes = ClusterWorker.as_asgi(), KubernetesAPI()

    async def site(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        await (kubernetes if scope["path"].startswith(PREFIX) else http)(scope, receive, send)

    sockets = AllowedHostsOriginValidator(SessionMiddlewareStack(
        URLRouter([*websocket_urlpatterns, re_path("", refuse)])  # type: ignore[arg-type]
    ))

    async def websocket(
        scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        # Clients of the Kubernetes API are no pages: what lets them in is the key in their address.
        await (kubernetes if scope["path"].startswith(PREFIX) else sockets)(scope, receive, send)

    return ProtocolTypeRouter(
        {
            "http": site,
            "websocket": websocket,
            "channel": ChannelNameRouter({CHANNEL: worker, PROCESS_CHANNEL: worker}),
        }
    )


application = build()
