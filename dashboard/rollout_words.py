"""What the Rollout view says, in the reader's language: why a rollout waits, what happened to its workload."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_noop

from cluster.machinery.wording import fill

# By the keys of cluster/rollouts/waiting.py.
SENTENCES: Mapping[str, str] = {
    "off": gettext_noop("The **{controller}** is switched off: nothing is rolled out."),
    "deleted": gettext_noop("{name} is being deleted, and its Pods go with it."),
    "unseen": gettext_noop("The **{controller}** has not looked at the newest wish for {name} yet."),
    "done": gettext_noop(
        "Revision {revision} of {name} is rolled out: {wanted, plural, one {# Pod is available} other {# Pods are available}}."
    ),
    "done-terminating": gettext_noop(
        "Revision {revision} of {name} is rolled out: {wanted, plural, one {# Pod is available} other {# Pods are available}}. "
        "{terminating, plural, one {# old Pod is still terminating; it no longer counts} other {# old Pods are still "
        "terminating; they no longer count}}."
    ),
    "paused": gettext_noop("**{name} is paused**: its new template is kept, but not rolled out until it is resumed."),
    "paused-midway": gettext_noop(
        "**{name} is paused**: {made} of {wanted} Pods are asked for in revision {revision}, {old} in older ones. "
        "No more are replaced until it is resumed."
    ),
    "paused-whole": gettext_noop("**{name} is paused**: a new template would wait until it is resumed."),
    "late": gettext_noop(
        "**No progress for {seconds} s** (ProgressDeadlineExceeded): {available} of {wanted} Pods are available. "
        "The Deployment goes on trying and never goes back by itself; undo does that."
    ),
    "recreate-old": gettext_noop(
        "It **waits for {gone, plural, one {# old Pod} other {# old Pods}} to go**: Recreate makes no new Pod before."
    ),
    "starting": gettext_noop("It **waits for Pods to become available**: {available} of {wanted} are."),
    "moves-size": gettext_noop("The **{controller}** is about to set the size: {total} Pods are asked for, {wanted} are wanted."),
    "moves-up": gettext_noop(
        "{old} old + {made} new = {total} Pods are asked for, and {ceiling} is the ceiling: the **{controller}** may add {room}."
    ),
    "moves-down": gettext_noop(
        "{available} Pods are available, and {floor} is the floor: the **{controller}** may remove "
        "{room, plural, one {# old Pod} other {# old Pods}}."
    ),
    "waits": gettext_noop(
        "It **waits for {missing, plural, one {# new Pod} other {# new Pods}}** to become available. {old} + {made} = {total} "
        "are asked for, {ceiling} is the ceiling: none may be added. {available} are available, {floor} is the floor: none may "
        "go."
    ),
    "waits-last": gettext_noop(
        "It **waits for {missing, plural, one {# new Pod} other {# new Pods}}** to become available. All {wanted} are made; "
        "{available} Pods are available and {floor} is the floor, so {old, plural, one {the last old Pod has} other {the last # "
        "old Pods have}} to stay."
    ),
    "on-delete": gettext_noop(
        "**OnDelete**: {outdated, plural, one {# Pod is} other {# Pods are}} of an older revision. Each is replaced when you "
        "delete it."
    ),
    "sts-makes": gettext_noop("The **{controller}** makes {pod} next: a StatefulSet goes in order."),
    "sts-goes": gettext_noop("It **waits for {pod} to be gone**: its successor has the same name."),
    "sts-waits": gettext_noop("It **waits for {pod}** of revision {has} to become available, before it touches the next one."),
    "sts-next": gettext_noop(
        "All Pods are available. {outdated, plural, one {# is} other {# are}} of an older revision: the highest one goes next."
    ),
    "sts-partition": gettext_noop(
        "Revision {revision} runs from ordinal {border} up. The partition keeps "
        "{outdated, plural, one {# Pod} other {# Pods}} below it as they are."
    ),
    "sts-shrinks": gettext_noop("{pod} goes next: a StatefulSet shrinks from the highest ordinal down."),
    "sts-stuck": gettext_noop(
        "**Stuck**: {pod} is of revision {has} and does not become ready ({status}). {name} waits for it before it replaces "
        "anything, so that undo alone does not mend it: delete {pod}."
    ),
    "sts-broken": gettext_noop(
        "It **waits for {pod}** of revision {has}, which does not become ready ({status}), and touches no other Pod meanwhile. "
        "Undo alone will not replace it: it has to be deleted as well."
    ),
    "sts-trouble": gettext_noop("{pod} of revision {has} does not become ready ({status})."),
    "ds-surge": gettext_noop(
        "{updated} of {wanted} nodes have the new Pod. At most {surge, plural, one {# node} other {# nodes}} may have two at a "
        "time: it **waits for new Pods to become available**, then the old ones beside them go."
    ),
    "ds-waits": gettext_noop(
        "It **waits**: {missing, plural, one {# node has} other {# nodes have}} no available Pod, and at most {below} may lack "
        "one. {outdated, plural, one {# old Pod is} other {# old Pods are}} still to be replaced."
    ),
    "ds-moves": gettext_noop(
        "{missing, plural, one {# node has} other {# nodes have}} no available Pod, and {below} may lack one: "
        "the **{controller}** replaces the next old Pod."
    ),
}
CONTROLLERS: Mapping[str, str] = {
    "Deployment": gettext_noop("Deployment controller"),
    "StatefulSet": gettext_noop("StatefulSet controller"),
    "DaemonSet": gettext_noop("DaemonSet controller"),
}
# What happened to the workload itself, by the notes of cluster/rollouts/trace.py.
NOTES: Mapping[str, str] = {
    "created": gettext_noop("created"),
    "template": gettext_noop("new template"),
    "scaled": gettext_noop("scaled"),
    "paused": gettext_noop("paused"),
    "resumed": gettext_noop("resumed"),
    "strategy": gettext_noop("other limits"),
    "late": gettext_noop("deadline over"),
    "settled": gettext_noop("done"),
    "deleted": gettext_noop("deleted"),
}
STRETCHES: Mapping[str, str] = {
    "pending": gettext_noop("waits for a node"),
    "starting": gettext_noop("starts"),
    "ready": gettext_noop("ready, not yet available"),
    "available": gettext_noop("available"),
    "trouble": gettext_noop("in trouble"),
    "terminating": gettext_noop("terminating"),
    "ended": gettext_noop("ended"),
}
_BOLD = re.compile(r"\*\*(.+?)\*\*")
# Arguments that are names of things; the others are numbers or words of ours.
_NAMES = ("name", "pod", "status")


def sentence(kind: str, says: Mapping[str, Any]) -> SafeString:
    """The sentence on top, as HTML: what matters is strong, names are code."""
    args = {name: _marked(name, value) for name, value in says["args"].items()}
    template, controller = SENTENCES[says["key"]], CONTROLLERS[kind]
    text = fill(gettext(template), {**args, "controller": gettext(controller)})
    return mark_safe(_BOLD.sub(r"<strong>\1</strong>", text))  # the templates are ours, every argument is escaped


def _marked(name: str, value: Any) -> Any:
    if isinstance(value, int):
        return value
    text = escape(value)
    return f"<code>{text}</code>" if name in _NAMES else str(text)
