"""The objects of -f: which files there are, what stands in them, what is wrong with them.

cli-runtime/pkg/resource/builder.go and visitor.go
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cluster.kubectl.invocation import CommandError, Invocation
from cluster.kubectl.problems import Problems
from cluster.objects.documents import Document
from cluster.objects.manifest import Manifest, ManifestError, load
from cluster.objects.registry import REGISTRY, Kind

EDITOR = "editor.yaml"


@dataclass(frozen=True)
class Item:
    """An object as a file has it, with its namespace filled in. `name` is "" when the file has none."""

    kind: Kind
    namespace: str
    name: str
    document: Document
    source: str
    manifest: Manifest

    @property
    def described(self) -> str:
        """How kubectl's long errors name it (resource.Info.String)."""
        group_version = f"{self.kind.group}/{self.kind.version}"
        return (
            f'Resource: "{group_version}, Resource={self.kind.plural}",'
            f' GroupVersionKind: "{group_version}, Kind={self.kind.kind}"\n'
            f'Name: "{self.name}", Namespace: "{self.namespace}"'
        )


def items(invocation: Invocation, problems: Problems) -> list[Item]:
    """The objects of every -f that can be read; what cannot goes to `problems`. CommandError for a file that is not there."""
    texts = [(name, _text(invocation, name)) for name in invocation.many("filename")]
    enforced = invocation.namespace if "namespace" in invocation.given else ""
    found = []
    for name, text in texts:
        manifests, broken = _documents(text)
        for manifest in manifests:
            with problems.catching():
                found.append(item_of(manifest, name, invocation.namespace, enforced))
        if broken is not None:
            problems.add(f"error parsing {name}: error converting YAML to JSON: yaml: {broken}")
    return found


def _text(invocation: Invocation, name: str) -> str:
    if name.startswith(("http://", "https://")):
        raise CommandError(f'error: unable to read URL "{name}": this console has no network; its files are {_known(invocation)}')
    files = invocation.shell.files
    for spelling in (name, name.removeprefix("./")):
        if spelling in files:
            return files[spelling]
    if name == "-" and EDITOR in files:
        return files[EDITOR]
    raise CommandError(f'error: the path "{name}" does not exist')


def _known(invocation: Invocation) -> str:
    return ", ".join(invocation.shell.files)


def _documents(text: str) -> tuple[list[Manifest], ManifestError | None]:
    """What can be read: a broken document ends a file, those before it count."""
    try:
        return load(text), None
    except ManifestError as problem:
        lines = text.splitlines(keepends=True)[: (problem.line or 1) - 1]
        while lines and not lines.pop().startswith("---"):
            pass
        try:
            return load("".join(lines)), problem
        except ManifestError:
            return [], problem


def item_of(manifest: Manifest, source: str, namespace: str, enforced: str = "") -> Item:
    """The object of one manifest; CommandError in kubectl's words. `enforced` is the namespace of -n."""
    document = manifest.document
    api_version, type_ = document.get("apiVersion"), document.get("kind")
    missing = [f"{field} not set" for field in ("apiVersion", "kind") if not _is_text(document.get(field))]
    if missing:
        what = missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]"
        raise CommandError(
            f'error: error validating "{source}": error validating data: {what};'
            " if you choose to ignore these errors, turn validation off with --validate=false"
        )
    meta = document.get("metadata") if isinstance(document.get("metadata"), dict) else {}
    assert isinstance(meta, dict)
    name, named = (str(meta.get(field) or "") if _is_text(meta.get(field)) else "" for field in ("name", "namespace"))
    kind = REGISTRY.by_type(str(api_version), str(type_))
    if kind is None:
        raise CommandError(
            f'error: resource mapping not found for name: "{name}" namespace: "{named}" from "{source}":'
            f' no matches for kind "{type_}" in version "{api_version}"\nensure CRDs are installed first'
        )
    if not kind.namespaced:
        return Item(kind, "", name, document, source, manifest)
    if enforced and named and named != enforced:
        raise CommandError(
            f'error: the namespace from the provided object "{named}" does not match the namespace "{enforced}".'
            f" You must pass '--namespace={named}' to perform this operation."
        )
    if isinstance(document.get("metadata"), dict):
        document = {**document, "metadata": {**meta, "namespace": named or namespace}}
    return Item(kind, named or namespace, name, document, source, manifest)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def refuse_words(invocation: Invocation, words: Iterable[str]) -> None:
    """Files and names cannot be given together."""
    if invocation.many("filename") and any(words):
        raise CommandError(
            "error: when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
        )
