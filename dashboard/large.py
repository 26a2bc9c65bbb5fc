"""The large clusters of this web process, and the words that its pages need."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext

from cluster.bighost.host import LargeHost

_host: list[LargeHost] = []


def large_host() -> LargeHost:
    """The host of this process; its children end with it."""
    if not _host:
        _host.append(LargeHost(settings.LARGE_CLUSTERS, settings.LARGE_IDLE))
    return _host[0]


async def stop_large_host() -> None:
    """End all large clusters of this process."""
    if _host:
        await _host.pop().stop()


def refusal(why: str) -> str:
    """Why a command was not obeyed, as a sentence."""
    sentences = {
        "number": gettext("That number is too large or too small."),
        "full": gettext("The cluster has no more than 150,000 Pods."),
        "zone": gettext("There is no such zone."),
        "no-nodes": gettext("No node is left for that."),
        "none-silent": gettext("No node is silent."),
        "none-cordoned": gettext("No node is cordoned."),
        "app": gettext("That workload does not run here. Add Pods first."),
        "not-yours": gettext("You only watch: this cluster belongs to somebody else."),
        "gone": gettext("This large cluster has ended."),
        "many": gettext("Too many commands at once. Please wait a moment."),
    }
    return sentences.get(why, gettext("That is not possible."))


def words() -> dict[str, str]:
    """What the page's JavaScript says: templates with {named} arguments."""
    return {
        "cpu": gettext("CPU requested per node"), "memory": gettext("Memory requested per node"),
        "pods": gettext("Pods per node"), "churn": gettext("Pods that came and went lately, per node"),
        "nodes": gettext("{n} nodes"),
        "group-free": gettext("no taint"), "group-reserved": gettext("reserved (GPU)"),
        "group-cordoned": gettext("cordoned"), "group-silent": gettext("not ready"),
        "waiting-chart": gettext("Pods waiting, last {minutes} min"),
        "silent-title": gettext("{zone}: {n, plural, one {# node is} other {# nodes are}} silent"),
        "silent-text": gettext(
            "After 50 s without a heartbeat the node controller calls a node Unknown and then taints one node every 10 s."
            " Its Pods leave 5 minutes after that; until then they only count as not ready."
        ),
        "filling-title": gettext("{n, plural, one {# Pod waits} other {# Pods wait}} for a node"),
        "filling-text": gettext(
            "The scheduler takes one Pod after the other, looks at every node and gives each one points. Like the real one it"
            " makes about 330 decisions a second of virtual time."
        ),
        "starting-title": gettext("{n, plural, one {# Pod starts} other {# Pods start}}"),
        "starting-text": gettext("They have a node; its kubelet pulls the image and starts the container."),
        "stuck-title": gettext("{n, plural, one {# Pod fits} other {# Pods fit}} nowhere"),
        "empty-title": gettext("An empty cluster"),
        "empty-text": gettext("Nothing runs on these nodes yet. Add 10,000 Pods and watch where the scheduler puts them."),
        "quiet-title": gettext("All is quiet"),
        "quiet-text": gettext("Every Pod that is wanted runs and is ready."),
        "draining-title": gettext("{n, plural, one {# node is} other {# nodes are}} cordoned"),
        "draining-text": gettext("Cordoned nodes keep their Pods and take no new ones. Draining them moves the Pods elsewhere."),
        "node-label": gettext("{name}, {zone}, {pods} Pods, CPU {cpu} %, memory {memory} %{state}"),
        "state-notready": gettext(", not ready"), "state-cordoned": gettext(", cordoned"), "state-silent": gettext(", silent"),
        "lens-pods": gettext("{n, plural, one {# Pod} other {# Pods}}"), "lens-silent": gettext("silent for {time}"),
        "lens-more": gettext("and {n} more"),
        "live": gettext("Live"), "paused": gettext("Paused"), "lost": gettext("Reconnecting"), "ended": gettext("Ended"),
        "lost-text": gettext("Connection lost. Trying again in {n} s."),
        "ended-text": gettext("This large cluster has ended: nobody looked for a while, or the server was started anew."),
        "play": gettext("Play"), "pause": gettext("Pause"),
        "found-none": gettext("No Pod and no node has that in its name."),
        "found-some": gettext("{n, plural, one {# result} other {# results}}"),
        "on": gettext("on {node}"), "waits": gettext("waits for a node"),
        "done": gettext("Done."), "progress": gettext("{ready} of {wanted} Pods are ready"),
        "loading": gettext("One moment …"),
    }


def page_context() -> dict[str, Any]:
    """What the map page needs beside the cluster."""
    return {"words": words(), "section": "sandbox"}
