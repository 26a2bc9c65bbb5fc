"""What is true of the API server, its objects and their stories after every step."""

from __future__ import annotations

import re
from functools import cache

import orjson

from cluster.apiserver import deletion
from cluster.apiserver.state import AGENDA, MEMORY, is_resource
from cluster.objects import metadata, schema
from cluster.objects.documents import dig
from cluster.objects.registry import REGISTRY
from cluster.simulation.step import Step
from cluster.storage import attacher, provisioner
from dashboard.narration import SENTENCES
from tests.walks.rules import Seen, every_step, objects_of, updates_of, written, written_of

# Rows that change along with a write: due work, private notes, what processes do on their node (Context.keep).
KEPT = frozenset({AGENDA, MEMORY, "host/containers", "host/processes", "host/volumes", "host/demands", "host/askers"})
# The arguments that a sentence fills in: {pod}, {replicas, plural, …}.
PLACES = re.compile(r"\{(\w+)[,}]")
# Of so many Events one is compared with its schema: they are a third of all writes and all alike.
EVENTS_LEFT_OUT = 8
# A component never writes so often about one object within a second.
MOST_IN_A_SECOND = 30
# Controllers that hold objects back by a finalizer of their own.
GUARDS = {
    "persistentvolumeclaim-protection-controller": {"kubernetes.io/pvc-protection"},
    "persistentvolume-protection-controller": {"kubernetes.io/pv-protection"},
    "job-controller": {"batch.kubernetes.io/job-tracking"},
    "csi-attacher": {attacher.FINALIZER},
    "csi-provisioner": {provisioner.FINALIZER},
}


@every_step
def revisions_are_contiguous(seen: Seen, step: Step) -> None:
    assert step.revision == seen.world.revision + 1 == step.world.revision, seen.world.revision


@every_step
def time_does_not_go_back(seen: Seen, step: Step) -> None:
    assert seen.world.now <= step.at == step.world.now, seen.world.now


@every_step
def a_step_is_one_write(seen: Seen, step: Step) -> None:
    changed = [(change.table, change.key) for change in step.changes if change.table not in KEPT]
    assert len(changed) <= (step.verb != "clock"), changed


@written()
def the_written_object_carries_the_revision(seen: Seen, step: Step) -> None:
    for document in written_of(step):
        assert document["metadata"]["resourceVersion"] == str(step.revision), document["metadata"]["resourceVersion"]


@written()
def uids_are_never_used_again(seen: Seen, step: Step) -> None:
    for change in objects_of(step):
        if change.old is None:
            assert metadata.uid(change.new) not in seen.uids, metadata.uid(change.new)
        elif change.new is not None:
            assert metadata.uid(change.new) == metadata.uid(change.old)


@written()
def identity_stays(seen: Seen, step: Step) -> None:
    for change in objects_of(step):
        if change.new is None:
            continue
        assert change.key == (metadata.namespace(change.new), metadata.name(change.new)), change.key
        if change.old is not None:
            assert change.new["metadata"]["creationTimestamp"] == change.old["metadata"]["creationTimestamp"]
            assert (change.new["kind"], change.new["apiVersion"]) == (change.old["kind"], change.old["apiVersion"])


@written()
def generation_counts_changes_of_the_spec(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step):
        kind = REGISTRY.of(new)
        if not kind.counts_generation:
            continue
        grown = new["metadata"]["generation"] - old["metadata"]["generation"]
        changed = old.get("spec") != new.get("spec") and step.verb != "bind"
        begun = metadata.is_being_deleted(new) and not metadata.is_being_deleted(old)
        noted = kind.annotations_count and metadata.annotations(old) != metadata.annotations(new)
        assert grown in (0, 1), grown
        assert not changed or grown == 1, "the spec changed"
        assert not grown or changed or begun or noted, "nothing changed"


@written()
def nobody_has_seen_a_later_generation(seen: Seen, step: Step) -> None:
    for document in written_of(step):
        observed = dig(document, "status", "observedGeneration", default=0)
        assert observed <= document["metadata"].get("generation", observed), observed


@written()
def deletion_cannot_be_taken_back(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step):
        if metadata.is_being_deleted(old):
            assert metadata.is_being_deleted(new)
            grace = "deletionGracePeriodSeconds"
            assert new["metadata"].get(grace, 0) <= old["metadata"].get(grace, 0)


@written()
def finalizers_hold_what_is_deleted(seen: Seen, step: Step) -> None:
    for change in objects_of(step):
        # Who lets go last deletes with the same write: the collector, a delete with another policy, a guard.
        if change.new is None:
            held = set(metadata.finalizers(change.old)) - {deletion.FOREGROUND, deletion.ORPHAN}
            assert not held or (len(held) == 1 and held <= GUARDS.get(step.actor, set())), held


@written()
def documents_fit_their_schema(seen: Seen, step: Step) -> None:
    for change in objects_of(step):
        if change.new is None or (change.table == "events" and seen.written % EVENTS_LEFT_OUT):
            continue
        # What is still the same value was looked at before.
        old = change.old or {}
        document = {key: value for key, value in change.new.items() if key == "metadata" or value is not old.get(key)}
        found = schema.decode_errors(change.new["apiVersion"], change.new["kind"], document)
        assert not found, found


@written()
def objects_live_in_a_namespace_that_exists(seen: Seen, step: Step) -> None:
    for change in objects_of(step):
        namespace = change.key[0]
        if change.old is None and namespace:
            found = seen.world.row("namespaces", ("", namespace))
            assert found is not None, namespace
            assert not metadata.is_being_deleted(found), f"{namespace} is going away"


@written("namespaces")
def a_namespace_goes_last(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "namespaces"):
        if change.new is None:
            left = [
                (table, key) for table, rows in step.world.tables.items() if is_resource(table)
                for key in rows if key[0] == change.key[1]
            ]
            assert not left, left


@written("events")
def events_are_about_something(seen: Seen, step: Step) -> None:
    for event in written_of(step, "events"):
        regarding = event["involvedObject"]
        uid = regarding.get("uid")
        # The taint eviction controller knows a Pod by its name only (pkg/controller/tainteviction/taint_eviction.go).
        if uid is None and event["reason"] == "TaintManagerEviction":
            continue
        # A static Pod is known to its kubelet by the hash of its file, whether it has a mirror or not.
        if uid is not None and event["reportingComponent"] == "kubelet" and "-" not in uid:
            continue
        assert uid in seen.uids or uid in seen.names, regarding


@every_step
def due_work_lies_ahead(seen: Seen, step: Step) -> None:
    for change in step.changes:
        if change.table == AGENDA and change.new is not None:
            assert change.new[0] >= seen.world.now, (change.key, change.new)


@every_step
def what_is_off_writes_nothing(seen: Seen, step: Step) -> None:
    part, _, name = step.actor.partition("/")
    if part == "machine":  # taken away by its owner, who clears up what lay on it
        return
    machine = f"node/{name}"
    off = [key[0] for key in seen.world.table("switches")]
    assert step.actor not in off, off
    assert machine not in off, off


@every_step
def nobody_does_the_same_again_and_again(seen: Seen, step: Step) -> None:
    """Two controllers that undo each other's work would do so for ever."""
    if step.at // 1000 != seen.world.now // 1000:
        seen.busy.clear()
    deed = (step.actor, step.say, step.objects[0])
    seen.busy[deed] = seen.busy.get(deed, 0) + 1
    assert seen.busy[deed] <= MOST_IN_A_SECOND, deed


@cache
def _places(sentence: str) -> frozenset[str]:
    return frozenset(PLACES.findall(SENTENCES[sentence]))


@every_step
def every_step_has_its_story(seen: Seen, step: Step) -> None:
    assert step.say in SENTENCES, "no sentence"
    missing = _places(step.say) - step.args.keys()
    assert not missing, f"the sentence needs {sorted(missing)}"
    orjson.dumps([step.args, step.why, step.objects])
