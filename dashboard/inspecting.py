"""The Pod view in words: an inspected Pod (cluster/inspection/pod.py) in the reader's language, ready for its templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_noop, ngettext

from cluster.machinery.wording import fill
from dashboard.clock import clock_text
from dashboard.explaining import between

Row = dict[str, Any]

# What the Pod waits for, or why it restarts (cluster/inspection/standing.py).
SENTENCES: Mapping[str, str] = {
    "silent": gettext_noop("The **kubelet of {node} does not answer**: you see what it reported last."),
    "stopping": gettext_noop("It is **being deleted**: {containers} got SIGTERM and may take until {until}, then comes SIGKILL."),
    "finalizers": gettext_noop("Nothing of it runs any more; it **waits for its finalizers** to be removed: {finalizers}."),
    "stopped": gettext_noop("Nothing of it runs any more; the kubelet is about to **remove the object**."),
    "succeeded": gettext_noop("All its containers have ended with 0: it has **succeeded** and will not run again."),
    "evicted": gettext_noop("Its node **sent it away** (Evicted): {message}"),
    "failed-because": gettext_noop("It has **failed** ({reason}): {message}"),
    "failed": gettext_noop("Container {container} **ended with {code}** ({meaning}); restartPolicy {policy} leaves it so."),
    "gated": gettext_noop("It **waits for its scheduling gates** to be removed: {gates}."),
    "nominated": gettext_noop("It **waits for room on {node}**: Pods of lower priority are leaving."),
    "unschedulable": gettext_noop("It **waits for a node**: {message}."),
    "unscheduled": gettext_noop("It **waits for the scheduler** {scheduler} to choose a node."),
    "mount": gettext_noop("Nothing starts, because **a volume cannot be mounted**: {message}"),
    "attach": gettext_noop("It **waits for volumes** to be attached to {node}: {volumes}."),
    "sandbox": gettext_noop("The kubelet of {node} **makes the sandbox**: the network that all its containers will share."),
    "readiness-gates": gettext_noop("Its containers are ready, but its **readiness gates** are closed: {gates}."),
    "pulling": gettext_noop("The node **pulls the image** {image} of {container}, until {until}."),
    "pull-fails": gettext_noop("The image {image} of {container} **cannot be pulled**: {message}"),
    "pull-fails-until": gettext_noop("The image {image} of {container} **cannot be pulled** (next try at {until}): {message}"),
    "configuration-fails": gettext_noop("Container {container} **cannot be made** ({reason}): {message}"),
    "creating": gettext_noop("Container {container} is **being made**."),
    "post-start": gettext_noop("Container {container} runs, but its **postStart hook** has not ended yet."),
    "being-stopped": gettext_noop("Container {container} is **being stopped**; at {until} it is killed if it still runs."),
    "being-killed": gettext_noop(
        "The kubelet **stops {container} because its {probe} probe failed**; at {until} it is killed if it still runs."
    ),
    "ended": gettext_noop("Container {container} **has ended with {code}** ({meaning})."),
    "initializing": gettext_noop("**Init container {container} runs**; what comes after it waits until it has ended with 0."),
    "crash": gettext_noop(
        "Container {container} **has ended {times, plural, one {# time} other {# times}}**, lastly with {code} ({meaning})."
        " The kubelet waits longer after each end: it starts again at {until}."
    ),
    "crash-ended": gettext_noop(
        "Container {container} **comes to its end by itself** (with 0, {times, plural, one {# time} other {# times}});"
        " restartPolicy Always starts it each time, later and later: again at {until}."
    ),
    "crash-probe": gettext_noop(
        "The kubelet **killed {container} because its {probe} probe failed** ({code}: {meaning}); it starts again at {until}."
    ),
    "crash-memory": gettext_noop(
        "Container {container} **wanted more memory than its limit** and was killed (OOMKilled, {code});"
        " it starts again at {until}."
    ),
    "starting-up": gettext_noop(
        "Container {container} runs, but its **startup probe** has not succeeded yet; the other probes wait for it. {message}"
    ),
    "readiness-fails": gettext_noop(
        "Container {container} runs, but its **readiness probe fails**, so that no Service sends it traffic: {message}"
    ),
    "not-ready-yet": gettext_noop("Container {container} runs; its **readiness probe** has not succeeded yet."),
    "ready": gettext_noop(
        "**All is well**: {count, plural, one {its container runs} other {all # containers run}}, ready since {since}."
    ),
    "unready": gettext_noop("It is **not ready** ({reason}): {message}"),
    "endangered": gettext_noop(
        "The **liveness probe of {container} fails**: {row} in a row, after {failures} the kubelet kills it. {message}"
    ),
    "restarted": gettext_noop(
        "Container {container} was started again {times, plural, one {# time} other {# times}}; before, it ended with {code}"
        " ({meaning})."
    ),
    "restarted-probe": gettext_noop(
        "Container {container} was started again {times, plural, one {# time} other {# times}}; before, the kubelet killed it"
        " because its {probe} probe failed."
    ),
    "restarted-memory": gettext_noop(
        "Container {container} was started again {times, plural, one {# time} other {# times}}; before, it was killed for"
        " wanting more memory than its limit."
    ),
}

# What exit codes mean; above 128 a signal has ended the process.
CODES: Mapping[int, str] = {
    0: gettext_noop("it came to its end well"),
    1: gettext_noop("the program itself reported an error"),
    2: gettext_noop("called wrongly, or an error in a script"),
    126: gettext_noop("the command was found but could not be run"),
    127: gettext_noop("the command was not found"),
    128: gettext_noop("the container could not be started"),
    130: gettext_noop("interrupted: SIGINT"),
    134: gettext_noop("it aborted itself: SIGABRT"),
    137: gettext_noop("killed: SIGKILL"),
    139: gettext_noop("it touched memory that is not its own: SIGSEGV"),
    143: gettext_noop("asked to end: SIGTERM"),
    255: gettext_noop("lost together with its machine, or an error"),
}
ROLES: Mapping[str, str] = {
    "init": gettext_noop("init container"), "sidecar": gettext_noop("sidecar"), "container": gettext_noop("container"),
}
PROBES: Mapping[str, str] = {
    "startup": gettext_noop("Startup"), "readiness": gettext_noop("Readiness"), "liveness": gettext_noop("Liveness"),
}
# What a probe's result brings about, passing and failing.
CONSEQUENCES: Mapping[tuple[str, str], str] = {
    ("startup", "passing"): gettext_noop("passed: the other probes count"),
    ("startup", "failing"): gettext_noop("not yet: the other probes wait"),
    ("readiness", "passing"): gettext_noop("passes: gets traffic"),
    ("readiness", "failing"): gettext_noop("fails: gets no traffic"),
    ("liveness", "passing"): gettext_noop("passes: left alone"),
    ("liveness", "failing"): gettext_noop("fails: is killed and started again"),
}
NOT_YET = gettext_noop("has not been asked yet")
WAITS = gettext_noop("waits for the startup probe")
# Where the files of a volume lie, and what becomes of them.
PLACES: Mapping[str, str] = {
    "node": gettext_noop("on the disk of {node}"),
    "memory": gettext_noop("in the memory of {node}"),
    "network": gettext_noop("network storage, reachable from every node"),
    "api": gettext_noop("a copy of what the API server stores"),
    "none": gettext_noop("there is no volume yet"),
}
FATES: Mapping[str, str] = {
    "pod": gettext_noop("gone with the Pod"),
    "node": gettext_noop("stays on this node when the Pod moves"),
    "": gettext_noop("outlives the Pod"),
}
# What becomes of a PersistentVolume when its claim is deleted.
RECLAIMS: Mapping[str, str] = {
    "Delete": gettext_noop("deleted together with its claim"),
    "Retain": gettext_noop("stays when its claim is deleted: Released, until somebody cleans it up"),
    "Recycle": gettext_noop("emptied and offered again when its claim is deleted"),
}
QUALITIES: Mapping[str, str] = {
    "Guaranteed": gettext_noop("every container has limits for CPU and memory, and requests as much: evicted last"),
    "BestEffort": gettext_noop("no container requests or limits anything: evicted first"),
    "Burstable": gettext_noop("something is requested or limited, but not all: evicted before Guaranteed"),
    "limit": gettext_noop("{container} has no {resource} limit, so it is not Guaranteed"),
    "equal": gettext_noop("{container} requests less {resource} than its limit, so it is not Guaranteed"),
}
# What a condition of a Pod says when it is true.
CONDITIONS: Mapping[str, str] = {
    "PodReadyToStartContainers": gettext_noop("the sandbox is there, with its network"),
    "Initialized": gettext_noop("all init containers have succeeded"),
    "Ready": gettext_noop("Services may send it traffic"),
    "ContainersReady": gettext_noop("all its containers are ready"),
    "PodScheduled": gettext_noop("a node has been chosen"),
    "DisruptionTarget": gettext_noop("it is about to be evicted"),
}
# The silhouette of a container's state.
MARKS: Mapping[str, str] = {"waiting": "creating", "running": "running", "none": "pending"}
CRASHES = ("CrashLoopBackOff", "ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError", "CreateContainerError",
           "RunContainerError", "InvalidImageName", "ErrImageNeverPull")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_TIMES = ("at", "since", "until")

MIB = 1 << 20


def rendered(answer: Mapping[str, Any]) -> Row:
    """The worker's answer with words, ready for templates/pod/."""
    pod, now = answer["pod"], answer["now"]
    containers = [_container(one, now) for one in pod["containers"]]
    return {
        **pod,
        "ref": answer["ref"], "now": now, "row": answer["row"], "clock": clock_text(now),
        "sentences": [{**one, "html": sentence(one)} for one in pod["sentences"]],
        "sandbox": _sandbox(pod["sandbox"]),
        "containers": containers,
        "first": [one for one in containers if one["role"] != "container"],
        "then": [one for one in containers if one["role"] == "container"],
        "volumes": [_volume(one) for one in pod["volumes"]],
        "quality": {**pod["quality"], "why": _quality(pod["quality"])},
        "conditions": [_condition(one) for one in pod["conditions"]],
        "events": [{**one, "clock": clock_text(one["at"])} for one in pod["events"]],
    }


def sentence(word: Mapping[str, Any]) -> SafeString:
    """A sentence as HTML: what matters is strong, names are code; everything that a user named is escaped."""
    args = dict(word["args"])
    if "code" in args:
        args["meaning"] = meaning(args["code"])
    text = fill(_said(SENTENCES, word["key"]), {name: _marked(name, value) for name, value in args.items()}, between())
    return mark_safe(_BOLD.sub(r"<strong>\1</strong>", text))  # the templates are ours, every argument is escaped


def _said(table: Mapping[Any, str], key: Any) -> str:
    """The text under a key in the reader's language."""
    english = table[key]
    return gettext(english)


def _marked(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(name, item) for item in value]
    if isinstance(value, int):
        return clock_text(value) if name in _TIMES else value
    text = escape(str(value))
    if name == "meaning":
        return str(text)
    return f'<span lang="en" translate="no">{text}</span>' if name == "message" else f"<code>{text}</code>"


def meaning(code: int) -> str:
    """What an exit code says in words."""
    if code in CODES:
        return _said(CODES, code)
    if 128 < code < 193:
        return gettext("ended by signal %(n)d") % {"n": code - 128}
    return gettext("the program's own code")


# --- the sandbox and the containers ----------------------------------------------------------------------------------


def _sandbox(sandbox: Row) -> Row:
    since = sandbox["since"]
    return {**sandbox, "clock": clock_text(since) if since is not None else ""}


def _container(one: Row, now: int) -> Row:
    state = one["state"]
    return {
        **one,
        "role_text": _said(ROLES, one["role"]),
        "mark": mark(one),
        "state": {**state, "text": state_text(one), "meaning": meaning(state["code"]) if "code" in state else ""},
        "last": _ending(one["last"]),
        "wait": _wait(one["wait"], now),
        "probes": [_probe(probe, now) for probe in one["probes"]],
        "serving": _serving(one["serving"]),
        "amounts": [amount for amount in map(_amount, one["amounts"]) if amount["is_known"]],
        "words": command_text(one),
        "environment": [{**variable, "text": _variable(variable)} for variable in one["environment"]],
        "processes": [{**process, "memory_text": _bytes(process["memory"])} for process in one["processes"]],
        "log": _log(one["log"]),
        "previous_log": _log(one["previous_log"]) if one["previous_log"] else None,
    }


def mark(one: Mapping[str, Any]) -> str:
    """The silhouette that shows a container's state, as those of Pods do."""
    state = one["state"]
    if state["is"] == "terminated":
        return "failed" if state["code"] else "succeeded"
    if state["is"] == "waiting" and state["reason"] in CRASHES:
        return "crash"
    if state["is"] == "running" and not one["ready"] and one["role"] != "init":
        return "notready"
    if state["is"] == "waiting" and state["reason"] == "PodInitializing":
        return "pending"
    return MARKS[state["is"]]


def state_text(one: Mapping[str, Any]) -> str:
    """A container's state in a few words."""
    state = one["state"]
    if state["is"] == "running":
        since = clock_text(state["since"]) if state["since"] is not None else "?"
        if one["role"] == "init" or one["ready"]:
            return gettext("runs since %(time)s") % {"time": since}
        return gettext("runs since %(time)s, not ready") % {"time": since}
    if state["is"] == "terminated":
        return gettext("ended with %(code)d: %(meaning)s") % {"code": state["code"], "meaning": meaning(state["code"])}
    if state["is"] == "waiting" and state["reason"] == "PodInitializing":
        return gettext("waits for the init containers")
    return gettext("waits") if state["is"] == "waiting" else gettext("does not exist yet")


def _ending(last: Row | None) -> Row | None:
    if last is None:
        return None
    times = {name: clock_text(last[name]) if last[name] is not None else "?" for name in ("began", "ended")}
    return {**last, **times, "meaning": meaning(last["code"])}


def _wait(wait: Row | None, now: int) -> Row | None:
    """A back-off as a ring: `left` in whole seconds, `offset` of the part that is over (of 100)."""
    if wait is None:
        return None
    whole = max(1, wait["until"] - wait["begun"])
    left = max(0, wait["until"] - now)
    return {**wait, "left": -(-left // 1000), "offset": round(100 - 100 * left / whole, 1), "clock": clock_text(wait["until"])}


def command_text(one: Mapping[str, Any]) -> Row:
    """What the container runs: its own words, and whether they come from the image."""
    own = [*(one["command"] or []), *(one["args"] or [])]
    if one["command"] or not one["image"]["words"]:
        return {"text": _line(own), "of_image": False}
    return {"text": _line([*one["image"]["words"], *own] if not one["args"] else own), "of_image": not own}


def _line(words: Iterable[str]) -> str:
    return " ".join(f"'{word}'" if re.search(r"[\s;|&<>$]", word) else word for word in words)


def _variable(variable: Row) -> str:
    """Where the value of a variable comes from; "" when it stands in the Pod."""
    if variable["from"] == "Secret":
        return gettext("hidden, from Secret %(name)s") % {"name": _of(variable)}
    if variable["from"] == "ConfigMap":
        return gettext("from ConfigMap %(name)s") % {"name": _of(variable)}
    return gettext("of the Pod: %(field)s") % {"field": variable["key"]} if variable["from"] else ""


def _of(variable: Row) -> str:
    return f"{variable['object']}[{variable['key']}]" if variable["key"] else str(variable["object"])


def _log(log: Row) -> Row:
    return {**log, "lines": [{**line, "clock": clock_text(line["at"])} for line in log["lines"]]}


# --- probes ----------------------------------------------------------------------------------------------------------


def _probe(probe: Row, now: int) -> Row:
    dots = [_dot(dot) for dot in probe["dots"]]
    failed = sum(1 for dot in probe["dots"] if dot["complaint"])
    result = probe["result"]
    return {
        **probe,
        "title": _said(PROBES, probe["kind"]),
        "dots": dots,
        "consequence": _consequence(probe),
        "is_good": bool(dots) and result == "passing",
        "numbers": _numbers(probe),
        "summary": gettext("the last %(n)d: %(good)d succeeded, %(bad)d failed") % {
            "n": len(dots), "good": len(dots) - failed, "bad": failed},
        "left": None if probe["next"] is None else max(0, -(-(probe["next"] - now) // 1000)),
    }


def _consequence(probe: Row) -> str:
    """What the result of a probe brings about."""
    if probe["dots"]:
        return _said(CONSEQUENCES, (probe["kind"], probe["result"]))
    english = WAITS if probe["result"] == "waits" else NOT_YET
    return gettext(english)


def _dot(dot: Row) -> Row:
    kind = "bad" if dot["complaint"] else "ok"
    said = dot["complaint"].strip() or gettext("success")
    return {**dot, "kind": kind, "title": f"{clock_text(dot['at'])} {said}"}


def _numbers(probe: Row) -> str:
    """Its numbers in words."""
    words = [gettext("every %(n)d s") % {"n": probe["period"]}]
    if probe["delay"]:
        words.append(gettext("first after %(n)d s") % {"n": probe["delay"]})
    failures = probe["failures"]
    words.append(ngettext("%(n)d failure turns it", "%(n)d failures in a row turn it", failures) % {"n": failures})
    if probe["successes"] > 1:
        words.append(gettext("%(n)d successes turn it back") % {"n": probe["successes"]})
    words.append(gettext("an answer may take %(n)d s") % {"n": probe["timeout"]})
    return " · ".join(words)


# --- amounts ---------------------------------------------------------------------------------------------------------


def _amount(amount: Row) -> Row:
    """CPU or memory as a bar of 100 units: `used_x` and `request_x`; the bar ends at the limit if there is one."""
    request, limit, used = amount["request"], amount["limit"], amount["used"]
    whole = limit or max(request or 0, used or 0) * 5 // 4
    show = _cores if amount["resource"] == "cpu" else _bytes
    return {
        **amount,
        "title": gettext("CPU") if amount["resource"] == "cpu" else gettext("memory"),
        "is_known": bool(whole), "has_bar": bool(request or limit),
        "used_x": min(100, round(100 * used / whole)) if whole and used is not None else 0,
        "request_x": round(100 * request / whole) if whole and request else None,
        "used_text": show(used) if used is not None else "?",
        "request_text": show(request) if request is not None else "",
        "limit_text": show(limit) if limit is not None else "",
    }


def _serving(serving: Row | None) -> str:
    """What requests do to a container, in one line."""
    if serving is None:
        return ""
    words = [gettext("%(rate)s requests a second, each answered in %(ms)d ms") % {
        "rate": f"{serving['rate'] / 1000:g}", "ms": serving["answer"]}]
    if serving["throttled"]:
        share = serving["throttled"] // 10
        words.append(gettext("throttled: %(n)d %% of the CPU that it wants is over its limit") % {"n": share})
    if serving["line"]:
        words.append(ngettext("%(n)d waits in line", "%(n)d wait in line", serving["line"]) % {"n": serving["line"]})
    if serving["refused"]:
        words.append(gettext("%(rate)s a second are refused") % {"rate": f"{serving['refused'] / 1000:g}"})
    if serving["killed_at"] is not None:
        words.append(gettext("its memory reaches the limit at %(time)s") % {"time": clock_text(serving["killed_at"])})
    return " · ".join(words)


def _cores(millicores: int) -> str:
    return f"{millicores}m"


def _bytes(amount: int) -> str:
    return f"{amount / MIB:.0f}Mi" if amount >= MIB else f"{amount >> 10}Ki"


# --- volumes, QoS, conditions ----------------------------------------------------------------------------------------


def _volume(volume: Row) -> Row:
    return {
        **volume,
        "where_text": fill(_said(PLACES, volume["place"]), {"node": volume["node"] or gettext("its node")}),
        "fate": "" if volume["place"] == "none" else _said(FATES, volume["dies"]),
        "files": file_rows(volume["files"]),
    }


def file_rows(listing: Row | None) -> Row | None:
    """A listing of files (cluster/inspection/files.py) with sizes and notes."""
    if listing is None:
        return None
    rows = [{**row, "size": _size(row["bytes"]), "note": _note(row)} for row in listing["rows"]]
    return {**listing, "size": _size(listing["bytes"]), "rows": rows}


def _note(row: Row) -> str:
    if row["target"]:
        return f"→ {row['target']}"
    return gettext("hidden") if row["hidden"] else ""


def _size(count: int) -> str:
    return f"{count} B" if count < 1024 else _bytes(count)


def storage(found: Row) -> Row:
    """A claim, a volume, a class or a node's disk (cluster/inspection/storage.py) in words."""
    return {"volumes": [_stored(volume) for volume in found["volumes"]], "disk": file_rows(found["disk"])}


def _stored(volume: Row) -> Row:
    reclaim = RECLAIMS.get(volume["reclaim"])
    return {
        **volume,
        "where_text": fill(_said(PLACES, volume["place"]), {"node": volume["node"] or gettext("its node")}),
        "fate": gettext(reclaim) if reclaim else "",
        "files": file_rows(volume["files"]),
    }


def _quality(quality: Row) -> str:
    args = {"container": quality["container"], "resource": quality["resource"]}
    return fill(_said(QUALITIES, quality["lacks"] or quality["class"]), args)


def _condition(condition: Row) -> Row:
    return {
        **condition,
        "says": _said(CONDITIONS, condition["type"]) if condition["type"] in CONDITIONS else "",
        "clock": clock_text(condition["since"]) if condition["since"] is not None else "",
    }
