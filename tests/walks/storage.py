"""What is true of claims and volumes after every step, and when all is quiet."""

from __future__ import annotations

from cluster.objects import metadata, quantity
from cluster.objects.documents import dig
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.walks import quiet
from tests.walks.rules import Seen, objects_of, told, updates_of, written, written_of

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
# Who may delete a volume because of its reclaim policy.
RECLAIMERS = ("persistentvolume-binder-controller", "csi-provisioner")


@written(CLAIMS)
def a_volume_has_one_claim(seen: Seen, step: Step) -> None:
    for claim in written_of(step, CLAIMS):
        name = claims.volume_name(claim)
        volume = step.world.row(VOLUMES, ("", name))
        # Who takes the reference to a claim off a bound volume gives it to the next one.
        if claims.phase(claim) != "Bound" or volume is None or metadata.uid(volume) in seen.meddled:
            continue
        others = [
            key for key, other in step.world.table(CLAIMS).items()
            if other is not claim and claims.volume_name(other) == name and claims.phase(other) == "Bound"
        ]
        assert not others, (name, others)


@written(CLAIMS)
def a_claim_is_bound_to_a_volume_that_is_bound_to_it(seen: Seen, step: Step) -> None:
    for change in objects_of(step, CLAIMS):
        claim = change.new
        if claim is None or claims.phase(claim) != "Bound" or (change.old and claims.phase(change.old) == "Bound"):
            continue
        volume = step.world.row(VOLUMES, ("", claims.volume_name(claim)))
        assert volume is not None, claims.volume_name(claim)
        if metadata.uid(volume) in seen.meddled:
            continue
        assert (volumes.claim_reference(volume) or {}).get("uid") == metadata.uid(claim), volumes.claim_text(volume)
        assert quantity.compare(volumes.capacity(volume), claims.requested(claim)) >= 0
        assert set(claims.access_modes(claim)) <= set(volumes.access_modes(volume))
        assert volumes.storage_class(volume) == claims.storage_class(claim)


@written(VOLUMES)
def a_volume_is_given_to_one_claim_after_another_only_when_it_was_freed(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, VOLUMES):
        before, after = (volumes.claim_reference(found) or {} for found in (old, new))
        if step.actor != "user" and before.get("uid") and after.get("uid"):
            assert before["uid"] == after["uid"], (before, after)
        if step.actor != "user" and before.get("uid") and not after.get("uid"):
            # What was taken is given back only while nobody has it.
            claim = seen.world.row(CLAIMS, (before["namespace"], before["name"]))
            bound = claim is not None and metadata.uid(claim) == before["uid"] and claims.phase(claim) == "Bound"
            assert not bound, before


@written(VOLUMES)
def what_is_to_be_kept_is_kept(seen: Seen, step: Step) -> None:
    for change in objects_of(step, VOLUMES):
        if change.old is None or metadata.is_being_deleted(change.old) or step.actor not in RECLAIMERS:
            continue
        if change.new is not None and not metadata.is_being_deleted(change.new):
            continue
        assert volumes.reclaim_policy(change.old) == "Delete", volumes.reclaim_policy(change.old)
        reference = volumes.claim_reference(change.old) or {}
        claim = seen.world.row(CLAIMS, (reference.get("namespace", ""), reference.get("name", "")))
        assert claim is None or metadata.uid(claim) != reference.get("uid"), "its claim is still there"


@written(CLAIMS)
def a_claim_stays_while_a_pod_uses_it(seen: Seen, step: Step) -> None:
    for change in objects_of(step, CLAIMS):
        # Who has lost its machine by force says nothing; nor does a namespace's end come before its Pods'.
        if change.new is not None or claims.PROTECTION not in metadata.finalizers(change.old):
            continue
        users = [
            metadata.name(pod) for key, pod in step.world.table("pods").items()
            if key[0] == change.key[0] and pods.node_name(pod)
            and any(used == change.key[1] and not (ephemeral and pods.is_terminal(pod)) for used, ephemeral in claims.of_pod(pod))
        ]
        assert not users, users


@written(VOLUMES)
def a_bound_volume_stays(seen: Seen, step: Step) -> None:
    for change in objects_of(step, VOLUMES):
        if change.new is None and volumes.PROTECTION in metadata.finalizers(change.old):
            assert volumes.phase(change.old) != "Bound", volumes.claim_text(change.old)


@written("pods")
def what_runs_has_its_claims(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        if pods.phase(old) == "Running" or pods.phase(new) != "Running":
            continue
        for volume in dig(new, "spec", "volumes", default=[]):
            name = dig(volume, "persistentVolumeClaim", "claimName")
            if name:
                claim = step.world.row(CLAIMS, (metadata.namespace(new), name))
                assert claim is not None, name
                assert claims.phase(claim) == "Bound", (name, claims.phase(claim))


@told("provisioner.create")
def a_made_volume_is_what_was_asked_for(seen: Seen, step: Step) -> None:
    for volume in written_of(step, VOLUMES):
        reference = volumes.claim_reference(volume) or {}
        claim = seen.world.row(CLAIMS, (reference["namespace"], reference["name"]))
        assert claim is not None, reference
        assert metadata.uid(claim) == reference["uid"]
        assert metadata.name(volume) == f"pvc-{metadata.uid(claim)}"
        assert quantity.compare(volumes.capacity(volume), claims.requested(claim)) >= 0
        offered = seen.world.row("storageclasses.storage.k8s.io", ("", claims.storage_class(claim)))
        assert offered is None or volumes.reclaim_policy(volume) == offered["reclaimPolicy"]


# --- quiet ------------------------------------------------------------------------------------------------------


@quiet.rule("persistentvolume-binder-controller")
def volumes_tell_what_became_of_their_claims(simulation: Simulation, seen: Seen) -> None:
    for volume in simulation.api.list(VOLUMES):
        reference = volumes.claim_reference(volume)
        if metadata.is_being_deleted(volume):
            continue
        if reference is None or not reference.get("uid"):
            assert volumes.phase(volume) == "Available", (metadata.name(volume), volumes.phase(volume))
            continue
        claim = simulation.api.get(CLAIMS, reference["namespace"], reference["name"])
        there = claim is not None and metadata.uid(claim) == reference["uid"]
        wanted = ("Bound", "Available") if there else ("Released", "Failed")
        assert volumes.phase(volume) in wanted, (metadata.name(volume), volumes.phase(volume), there)


@quiet.rule("persistentvolumeclaim-protection-controller", "persistentvolume-binder-controller")
def unused_claims_go(simulation: Simulation, seen: Seen) -> None:
    for claim in simulation.api.list(CLAIMS):
        if not metadata.is_being_deleted(claim) or set(metadata.finalizers(claim)) != {claims.PROTECTION}:
            continue
        namespace, name = metadata.namespace(claim), metadata.name(claim)
        users = [pod for pod in simulation.api.list("pods", namespace) if any(used == name for used, _ in claims.of_pod(pod))]
        assert users, name
