"""Why a PersistentVolumeClaim is pending: every volume with the reason why it is not taken, the class, the provisioner."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.controllers.explanation.words import MEND, NEXT, STATE, SUM, Cell, Explained, Table, Word, seconds, table, word
from cluster.controllers.persistent_volume_binder import (
    CLASSES,
    IN_TREE,
    PERIOD,
    VOLUMES,
    consumers_without_node,
    is_delayed,
    mismatch,
)
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import storageclass as classes
from cluster.storage import driver, matching

COLUMNS = ["column.volume", "column.size", "column.class", "column.modes", "column.phase", "column.because"]


def explained(reader: Reader, claim: Document) -> Explained:
    if claims.phase(claim) == "Bound":
        return Explained([word(
            "claim.bound", STATE, name=metadata.name(claim), volume=claims.volume_name(claim),
        )], [])
    if claims.phase(claim) == "Lost":
        return Explained([word("claim.lost", STATE, name=metadata.name(claim), volume=claims.volume_name(claim))], [])
    return Explained(list(_words(reader, claim)), _candidates(reader, claim))


def _words(reader: Reader, claim: Document) -> Iterator[Word]:
    yield word(
        "claim.pending", STATE, name=metadata.name(claim), size=claims.requested(claim),
        modes=volumes.modes_text(claims.access_modes(claim)),
    )
    if claims.volume_name(claim):
        yield from _insisting(reader, claim)
        return
    if any(not why_not(reader, volume, claim) for volume in reader.list(VOLUMES)):
        yield word("claim.match", NEXT, seconds=seconds(-reader.now % PERIOD or PERIOD))
        return
    yield word("claim.no-match", SUM, count=len(reader.list(VOLUMES)))
    if not claims.storage_class(claim):
        yield from _without_class(reader, claim)
    elif is_delayed(reader, claim) and not claims.selected_node(claim):
        yield from _delayed(reader, claim)
    else:
        yield from _of_class(reader, claim)


def _insisting(reader: Reader, claim: Document) -> Iterator[Word]:
    """A claim that names its volume."""
    name = claims.volume_name(claim)
    volume = reader.get(VOLUMES, "", name)
    if volume is None:
        yield word("claim.names-missing", volume=name)
    elif volumes.claim_reference(volume) is not None and not matching.is_bound_to(volume, claim):
        yield word("claim.names-taken", volume=name, other=volumes.claim_text(volume))
    elif problem := mismatch(volume, claim):
        yield word("claim.names-unfit", volume=name, problem=problem)


def _without_class(reader: Reader, claim: Document) -> Iterator[Word]:
    default = classes.default_of(reader.list(CLASSES))
    if claims.names_class(claim):
        yield word("claim.empty-class")
        yield word("claim.volume-mend", MEND)
    elif default is None:
        yield word("claim.no-default")
        yield word("claim.class-mend", MEND)
    else:
        yield word("claim.gets-default", NEXT, storage_class=metadata.name(default))


def _delayed(reader: Reader, claim: Document) -> Iterator[Word]:
    name, users = claims.storage_class(claim), consumers_without_node(reader, claim)
    yield word("claim.delayed", SUM, storage_class=name)
    if users:
        yield word("claim.waits-node", pods=users)
    else:
        yield word("claim.no-consumer")
        yield word("claim.consumer-mend", MEND)


def _of_class(reader: Reader, claim: Document) -> Iterator[Word]:
    name = claims.storage_class(claim)
    storage_class = reader.get(CLASSES, "", name)
    if storage_class is None:
        yield word("claim.class-missing", storage_class=name)
        yield word("claim.class-named-mend", MEND, known=sorted(map(metadata.name, reader.list(CLASSES))))
        return
    provisioner = storage_class["provisioner"]
    if provisioner.startswith(IN_TREE):
        yield word("claim.no-provisioner", storage_class=name, provisioner=provisioner)
        yield word("claim.volume-mend", MEND)
    elif provisioner != driver.NAME:
        yield word("claim.foreign-provisioner", provisioner=provisioner)
    elif reader.is_off("csi-provisioner"):
        yield word("claim.provisioner-off", provisioner=provisioner)
    else:
        yield word("claim.provisioning", NEXT, provisioner=provisioner)


# --- volumes -----------------------------------------------------------------------------------------------------


def why_not(reader: Reader, volume: Document, claim: Document) -> str:
    """Why the binder does not take a volume for the claim, "" when it would."""
    if matching.is_bound_to(volume, claim):
        return ""
    found = matching.why_not(volume, claim, None)
    if not found and not matching.offers_modes(volume, claim):
        return matching.ACCESS
    return found or ("delayed" if is_delayed(reader, claim) else "")


def _candidates(reader: Reader, claim: Document) -> list[Table]:
    rows: list[list[Cell]] = []
    for volume in reader.list(VOLUMES):
        reason = why_not(reader, volume, claim)
        said = word(f"volume.not-{reason}", "cell", claim=volumes.claim_text(volume)) if reason else word("volume.fits", "cell")
        rows.append([
            metadata.name(volume), volumes.capacity(volume), volumes.storage_class(volume) or word("cell.none", "cell"),
            volumes.modes_text(volumes.access_modes(volume)), volumes.phase(volume), said,
        ])
    return table("table.volumes", COLUMNS, rows)
