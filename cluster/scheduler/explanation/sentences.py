"""The sentences of explanations in English, and how their places are filled. Pages translate them (dashboard/explaining.py).

Templates are written like those of the narration: `{name}`, `{n, plural, one {# Pod} other {# Pods}}`, `**bold**`. A place whose
argument is a list gets its items, joined.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster.machinery.wording import fill

SENTENCES: dict[str, str] = {
    # --- the one sentence on top ---
    "summary.won": (
        "The **scheduler** filtered out {out} of {nodes} nodes and scored {scored}. {node} wins with {score} points, "
        "{lead} more than {runner_up}, mostly for **{plugin}**."
    ),
    "summary.won-among-all": (
        "The **scheduler** scored all {nodes} nodes. {node} wins with {score} points, {lead} more than {runner_up}, "
        "mostly for **{plugin}**."
    ),
    "summary.tie": (
        "The **scheduler** found {feasible} of {nodes} nodes possible. {node} has {score} points, as many as {others}: "
        "chance decided."
    ),
    "summary.only": "The **scheduler** had no choice: of {nodes, plural, one {# node} other {# nodes}} only {node} was possible.",
    "summary.room-made": (
        "The **scheduler** puts {pod} on {node}: preemption made room there for it, so this node was tried first and alone."
    ),
    "summary.binding": "The **scheduler** has chosen {node} for {pod} and prepares there what it needs before it is bound.",
    "summary.unrecorded": "{pod} is on {node}; no decision about it is kept. If it were placed now, this is how it would go.",
    "summary.none-fits": "The **scheduler** finds no node for {pod}: none of {nodes, plural, one {# node} other {# nodes}} fits.",
    "summary.no-nodes": "The **scheduler** finds no node for {pod}: the cluster has no nodes.",
    "summary.fits-now": (
        "{pod} still waits, but {feasible} of {nodes} nodes would take it now: {node} wins as soon as the **scheduler** tries it "
        "again."
    ),
    "summary.new": "{pod} waits for its turn: the **scheduler** has not tried it yet. As things are, {node} would win.",
    "summary.new-in-vain": "{pod} waits for its turn: the **scheduler** has not tried it yet. As things are, no node fits.",
    "summary.nominated": (
        "The **scheduler** finds no room for {pod} and makes some: {node} is nominated, and {victims, plural, one {# less "
        "important Pod has} other {# less important Pods have}} to leave."
    ),
    "summary.gated": "The **scheduler** does not look at {pod} until its gates are removed: {gates}.",
    "summary.foreign": "{pod} asks for the scheduler {scheduler}. None of that name runs here, so nobody looks for a node.",
    "summary.off": "The **scheduler** is switched off: nobody looks for a node for {pod}.",
    "summary.leaving": "{pod} is being deleted: no node is looked for any more.",
    "summary.finished": "{pod} has ended without a node.",
    "summary.changed-wins": "With this changed, {node} wins; {feasible} of {nodes} nodes are possible.",
    "summary.changed-same": "With this changed, {node} still wins; {feasible} of {nodes} nodes are possible.",
    "summary.changed-tie": "With this changed, chance decides between {best}; {feasible} of {nodes} nodes are possible.",
    "summary.changed-none": "With this changed, still no node fits {pod}.",
    "summary.changed-nominated": (
        "With this changed, {pod} gets room on {node}: {victims, plural, one {# less important Pod has} other {# less important "
        "Pods have}} to leave."
    ),
    # --- why here ---
    "here.deciding": "**{plugin}** decided: {its} points for {node} against {other} for {runner_up}.",
    "here.deciding-weight": (
        "**{plugin}** decided: {its} points for {node} against {other} for {runner_up}; each of its points counts {weight} times."
    ),
    "here.not-compared": "With one node left there is nothing to compare: no scores were computed.",
    "here.tie": "{nodes} have the same {score} points. Chance drew {node}; the next Pod like it may go elsewhere.",
    "here.tie-open": "{nodes} have the same {score} points: chance would decide between them.",
    "here.against": "{node} was behind in {plugins}, but not by enough.",
    # --- why not there, one sentence for each node ---
    "node.behind": "{node} got {total} points, {lead} fewer than {chosen}, mostly for {plugin} ({its} against {other}).",
    "node.tied": "{node} got the same {total} points as {chosen}.",
    "node.cordoned": "{node} is cordoned: it takes no new Pods.",
    "node.taint": "{node} has the taint {taint}, which the Pod does not tolerate.",
    "node.resource": "{node} has too little {resource}: the Pod needs {needs}, {free} of {allocatable} is free.",
    "node.too-small": "{node} is too small: the Pod needs {needs} {resource}, and even empty it has only {allocatable}.",
    "node.resources": "{node} has too little of {count} resources; needed and free: {shortages}.",
    "node.no-resource": "{node} has no {resource} at all; the Pod needs {needs}.",
    "node.full": "{node} is full: it holds {used} of at most {allocatable} Pods.",
    "node.selector": "{node} lacks the label {wanted}, which the Pod's nodeSelector asks for.",
    "node.selector-other": "{node} has {has}; the Pod's nodeSelector asks for {wanted}.",
    "node.affinity": "{node} does not match the Pod's required node affinity: {terms}.",
    "node.name": "The Pod names {wanted}, not {node}.",
    "node.only": "Only {names} can be meant by the Pod, not {node} ({plugin}).",
    "node.ports": "{node} has another Pod on {ports}.",
    "node.anti-affinity": (
        "{node} is in the same {topology} ({domain}) as {pods}, and the Pod keeps away from such Pods: {selector}."
    ),
    "node.anti-affinity-of-others": "{node} is in the same {topology} ({domain}) as {pods}, which keeps Pods like this one away.",
    "node.pod-affinity": "{node} is in {topology} {domain}, where none of the Pods is that this one has to be near: {selector}.",
    "node.pod-affinity-label": "{node} has no label {topology}, so it is near to none of the Pods that this one has to be near.",
    "node.spread": (
        "On {node} the Pods would be spread too unevenly by {topology}: {domain} has {count} of them already and the emptiest "
        "place has {least}; that would be a difference of {skew}, and {allowed} is allowed."
    ),
    "node.spread-label": "{node} has no label {topology}, by which the Pod has to be spread.",
    "node.other": "{plugin} rejects {node}: {reason}.",
    "node.volume-elsewhere": "{node} cannot reach {volume}, the volume of the claim {claim}: it is only for {terms}.",
    "node.volume-selected": "The volume of {claims} is being made for {nodes}, not for {node}.",
    "node.no-volume": "{node} has no volume for the claim {claims}, and none can be made for it here.",
    "node.volume-zone": "The volume {volume} is in {label} {places}, but {node} is in {has}.",
    "node.volume-limit": "{node} can attach {limit} volumes of {driver}: {attached} are attached, and the Pod brings {new}.",
    "node.disk-in-use": "{pod} on {node} uses the same disk.",
    "node.claim-in-use": "Only one Pod at a time may use the claim {claims}, and another one does.",
    "pod.unbound-claims": "The claim {claims} has no volume yet. Its volume does not wait for a Pod, so the Pod waits for it.",
    "pod.rejected": "{plugin} rejects the Pod before any node is looked at: {reason}.",
    "nodes.not-looked-at": (
        "{count, plural, one {# node was} other {# nodes were}} not looked at: enough possible ones had been found."
    ),
    "nodes.room-made": "{count, plural, one {# node was} other {# nodes were}} not looked at: {node} was tried before them.",
    "nodes.group": "{count, plural, one {# node} other {# nodes}}: {plugin} says “{reason}”, such as {nodes}.",
    # --- why not the emptiest node ---
    "emptiest.filtered": "{node} has the most room ({free} free), but it did not come into question: {plugin} stopped it.",
    "emptiest.outvoted": (
        "{node} has the most room ({free} free) and leads in {fit} by {fit_lead} points. But {plugin} gives {chosen} {lead} "
        "points more."
    ),
    "emptiest.packing": "{node} has the most room ({free} free), but this scheduler fills nodes up: {fit} prefers fuller ones.",
    # --- why still pending ---
    "pending.attempts": "It was tried {attempts, plural, one {# time} other {# times}}; the last time no node fitted.",
    "pending.waits-for": (
        "It is tried again as soon as a change could satisfy {plugins}, and after 5 minutes at the latest."
    ),
    "pending.backoff": "It backs off for another {seconds, plural, one {# second} other {# seconds}} before it is tried again.",
    "pending.changed": "The cluster has changed since event {revision}, when it was tried last; this is how it would be now.",
    "pending.would": "If it were tried as things are, {node} would win.",
    "pending.would-not": "If it were tried as things are, no node would fit.",
    "pending.schedulers": "Schedulers that run here: {schedulers}.",
    "pending.no-single-change": "No single change that was tried would help: several things are in the way at once.",
    # --- preemption ---
    "preemption.victims": "On {node} these Pods are less important and make room: {victims}.",
    "preemption.because.only": "{node} is the only node where evicting less important Pods helps.",
    "preemption.because.violations": "{node} was preferred to {others}: fewer disruption budgets are violated there.",
    "preemption.because.highest-priority": "{node} was preferred to {others}: its most important victim matters less.",
    "preemption.because.sum-of-priorities": "{node} was preferred to {others}: the priorities of its victims add up to less.",
    "preemption.because.count": "{node} was preferred to {others}: fewer Pods have to leave.",
    "preemption.because.latest-start": "{node} was preferred to {others}: its most important victims started later.",
    "preemption.because.tie": "{node} and {others} are equal in everything that counts; the first one found is taken.",
    "preemption.none": "Making room does not help either: {reason}",
    # --- changes: labels of the toggles ---
    "change.tolerate": "the Pod tolerates {taint}",
    "change.untaint": "{node} loses the taint {taint}",
    "change.uncordon": "{node} is uncordoned",
    "change.label-node": "{node} gets the label {labels}",
    "change.drop-node-selector": "the Pod has no nodeSelector",
    "change.drop-affinity": "the Pod has no affinity rules",
    "change.drop-affinity.node": "the Pod has no node affinity",
    "change.drop-affinity.pod": "the Pod has no pod affinity",
    "change.drop-affinity.anti": "the Pod has no pod anti-affinity",
    "change.drop-spread": "the Pod has no spread constraints",
    "change.request": "the Pod asks for only {quantity} {resource}",
    "change.request-none": "the Pod asks for no {resource}",
    "change.remove-pod": "{pod} is gone from {node}",
    "change.remove-pod.owned": "{pod} is gone from {node} ({owner} makes another one)",
    "change.free": "{node} has {quantity} more {resource}",
    "change.add-node": "there is one more node like {node}",
    "change.strategy.MostAllocated": "the scheduler fills nodes up (MostAllocated)",
    "change.strategy.LeastAllocated": "the scheduler prefers empty nodes (LeastAllocated)",
    "change.weight": "{plugin} counts {weight, plural, one {# time} other {# times}}",
    "change.priority": "the Pod has priority {value}",
    # --- changes: what comes of them ---
    "then.fits": "then it fits on {nodes}",
    "then.fits-many": "then it fits on {count} nodes",
    "then.wins": "then {node} wins",
    "then.tie": "then chance decides between {nodes}",
    "then.same": "then {node} still wins",
    "then.room": "then it gets room on {node} by evicting others",
    "then.none": "then still no node fits",
    # --- what is wrong with a change ---
    "problem.shape": "A change is a JSON object with “do”, one of: {allowed}.",
    "problem.many": "At most {limit} changes can be made at once.",
    "problem.field": "The change “{do}” needs “{field}”: {expected}.",
    "problem.node": "There is no node {node}.",
    "problem.pod": "There is no Pod {pod} on any node.",
    "problem.taint": "{node} has no such taint.",
    "problem.plugin": "{plugin} is no plugin that scores; these do: {allowed}.",
    "problem.nothing": "There is no decision to change.",
    # --- what a score was made of ---
    "score.free": "free afterwards: {shares}",
    "score.used": "used afterwards: {shares}",
    "score.balance": "used afterwards: {shares}; the more alike, the better",
    "score.taints": "{count, plural, one {# taint} other {# taints}} that should be avoided and the Pod does not tolerate",
    "score.preferred": "preferred terms that it matches weigh {raw}",
    "score.images": "images of the Pod that are here already",
    "score.no-images": "no image of the Pod is here yet, or too small a one to count",
    "score.spread": "matching Pods that are here already: {counts}",
    "score.spread-left-out": "left out of the spreading: no label {labels}",
    "score.affinity": "points by rules about Pods near: {parts}",
    "score.no-affinity": "no Pod near here matters to it",
    "score.volumes": "how well its volumes fit: {raw}",
    "score.raw": "{raw} before it is brought to 0–100",
}


def english(word: Mapping[str, Any]) -> str:
    """A word of an explanation as plain English text, for the console."""
    return fill(SENTENCES[word["key"]], word["args"]).replace("**", "")
