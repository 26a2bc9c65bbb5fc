"""The three kinds of patches, and the patches that `kubectl apply` and `kubectl edit` calculate.

Defined by apimachinery/pkg/util/strategicpatch/patch.go, apimachinery/pkg/util/jsonmergepatch/patch.go,
apiserver/pkg/endpoints/handlers/patch.go, RFC 6902 (JSON patch) and RFC 7386 (merge patch).
No function changes its arguments; results share with them whatever did not change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import jsonpatch
import orjson

from cluster.objects.documents import Document

MAX_OPERATIONS = 10_000
# The server lets the copies of one patch grow to the size of the largest request.
MAX_COPIED_BYTES = 3 * 1024 * 1024
# Far deeper than any kind's documents; it keeps a hostile patch from exhausting the interpreter's stack.
MAX_DEPTH = 100

_PATCH = "$patch"
_RETAIN_KEYS = "$retainKeys"
_SET_ORDER = "$setElementOrder/"
_DELETE_FROM_LIST = "$deleteFromPrimitiveList/"
_DIRECTIVES = (_RETAIN_KEYS, _SET_ORDER, _DELETE_FROM_LIST)

_BAD_PRIMITIVE_LIST = "invalid patch format of primitive list"
_BAD_RETAIN_KEYS = "invalid patch format of retainKeys"
_BAD_SET_ORDER = "invalid patch format of setElementOrder list"
_REJECTED = "the server rejected our request due to an error in our request"


class PatchError(ValueError):
    """The patch cannot be applied; the message is the API server's, `code` the HTTP status that it answers with.

    `detail` says what exactly is wrong where the server's own message does not.
    """

    def __init__(self, message: str, *, code: int = 400, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.detail = detail or message


class MergeKeys(Protocol):
    """How a field, and everything below it, is merged; see `cluster.objects.schema.merge_keys`."""

    @property
    def strategies(self) -> tuple[str, ...]:
        """Out of "merge", "replace" and "retainKeys"; nothing means that maps merge and lists are replaced."""

    @property
    def merge_key(self) -> str:
        """The field that identifies the items of a merged list of objects, or ""."""

    def child(self, field: str) -> MergeKeys:
        """The same for a field of this one, or of its items if this one is a list."""


# --- JSON patch ---


def json_patch(document: Document, operations: Any) -> Document:
    """The document after a list of RFC 6902 operations. Raises PatchError; all operations apply or none does."""
    if not isinstance(operations, list):
        raise PatchError(f"json: cannot unmarshal {_json_type(operations)} into Go value of type jsonpatch.Patch")
    if len(operations) > MAX_OPERATIONS:
        message = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        raise PatchError(message, code=413)
    for operation in operations:
        if not isinstance(operation, dict):
            raise PatchError(f"json: cannot unmarshal {_json_type(operation)} into Go value of type jsonpatch.Operation")
    _require_shallow(operations)
    # The library changes both what it patches and the values that it inserts: it gets copies of its own.
    copy, own_operations = orjson.loads(orjson.dumps([document, operations]))
    try:
        patched = _apply_operations(copy, own_operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise PatchError(_REJECTED, code=422, detail=str(error)) from error
    except (TypeError, KeyError, IndexError) as error:
        # How the library answers a path that leads through a scalar.
        raise PatchError(_REJECTED, code=422, detail=f"path does not exist: {error}") from error
    if not isinstance(patched, dict):
        raise PatchError(_REJECTED, code=422, detail="the result is not an object")
    return patched


def _apply_operations(document: Any, operations: list[Document]) -> Any:
    copied = 0
    for operation in operations:
        if operation.get("op") == "copy":
            # A handful of copies of the whole into itself would fill any memory.
            source = jsonpatch.JsonPointer(operation["from"]).resolve(document)
            copied += len(orjson.dumps(source))
            if copied > MAX_COPIED_BYTES:
                detail = f"the accumulated size increase of copy is {copied}, exceeding the limit {MAX_COPIED_BYTES}"
                raise PatchError(_REJECTED, code=422, detail=f"Unable to complete the copy, {detail}")
        document = jsonpatch.JsonPatch([operation]).apply(document, in_place=True)
    return document


# --- Merge patch ---


def merge_patch(document: Document, patch: Any) -> Document:
    """The document after an RFC 7386 merge patch: maps merge, null deletes, everything else replaces."""
    if not isinstance(patch, dict):
        raise PatchError("Invalid JSON Patch")
    _require_shallow(patch)
    return _merged_plainly(document, patch)


def _merged_plainly(target: Any, patch: Document) -> Document:
    merged = dict(target) if isinstance(target, dict) else {}
    for field, value in patch.items():
        if value is None:
            merged.pop(field, None)
        elif isinstance(value, dict):
            merged[field] = _merged_plainly(merged.get(field), value)
        else:
            merged[field] = value
    return merged


def two_way_merge(original: Document, modified: Document) -> Document:
    """The merge patch that turns `original` into `modified`; empty when they are equal."""
    patch: Document = {field: None for field in original if field not in modified}
    for field, value in modified.items():
        before = original.get(field)
        if isinstance(value, dict) and isinstance(before, dict):
            if difference := two_way_merge(before, value):
                patch[field] = difference
        elif field not in original or not _identical(before, value):
            patch[field] = value
    return patch


def three_way_merge(original: Document, modified: Document, current: Document) -> Document:
    """The merge patch for `current` that sets what `modified` says and deletes what it no longer says.

    `original` is what was applied last. Defined by CreateThreeWayJSONMergePatch.
    """
    changes = _filtered(two_way_merge(current, modified), nulls=False)
    deletions = _filtered(two_way_merge(original, modified), nulls=True)
    return _combined_plainly(deletions, changes)


def _filtered(patch: Document, *, nulls: bool) -> Document:
    """Only the deletions of a merge patch, or everything but them."""
    kept: Document = {}
    for field, value in patch.items():
        if isinstance(value, dict):
            inner = _filtered(value, nulls=nulls)
            # An empty map is a change of its own; one that has been emptied here is not.
            if inner or not (value or nulls):
                kept[field] = inner
        elif (value is None) == nulls:
            kept[field] = value
    return kept


def _combined_plainly(first: Document, second: Document) -> Document:
    combined = dict(first)
    for field, value in second.items():
        before = combined.get(field)
        both_maps = isinstance(before, dict) and isinstance(value, dict)
        combined[field] = _combined_plainly(before, value) if both_maps else value  # type: ignore[arg-type]
    return combined


# --- Strategic merge patch ---


def strategic_merge_patch(document: Document, patch: Any, keys: MergeKeys) -> Document:
    """The document after a strategic merge patch. Raises PatchError.

    Lists that have a merge key are merged item by item; `$patch`, `$retainKeys`, `$setElementOrder/<field>` and
    `$deleteFromPrimitiveList/<field>` direct the merge.
    """
    if not isinstance(patch, dict):
        raise PatchError(f"json: cannot unmarshal {_json_type(patch)} into Go value of type map[string]interface {{}}")
    _require_shallow(patch)
    return _Merger(applying=True).maps(document, patch, keys)


def two_way_strategic(original: Document, modified: Document, keys: MergeKeys) -> Document:
    """The strategic merge patch that turns `original` into `modified`; empty when they are equal."""
    return _Difference().maps(original, modified, keys)


def three_way_strategic(original: Document, modified: Document, current: Document, keys: MergeKeys) -> Document:
    """The strategic merge patch for `current` that sets what `modified` says and deletes what it no longer says.

    `original` is what was applied last. What others have set in the meantime, and neither document names, stays.
    Defined by CreateThreeWayMergePatch with overwrite.
    """
    changes = _Difference(deletions=False).maps(current, modified, keys)
    deletions = _Difference(changes=False).maps(original, modified, keys)
    return _Merger(applying=False).maps(deletions, changes, keys)


@dataclass(frozen=True)
class _Merger:
    """Merges a patch into a document (`applying`), or into another patch: then directives and nulls are kept."""

    applying: bool

    def maps(self, original: Document | None, patch: Document, keys: MergeKeys) -> Document:
        if _PATCH in patch:
            return _replaced_by_directive(patch)
        merged, rest = dict(original or {}), dict(patch)
        self._retain_keys(merged, rest)
        for field in [field for field in rest if field.startswith(_SET_ORDER)]:
            self._set_order(merged, rest, field, keys)
        for field, value in rest.items():
            if field.startswith(_DELETE_FROM_LIST):
                self._delete_from_list(merged, field, value)
            else:
                self._field(merged, field, value, keys)
        return merged

    def _field(self, merged: Document, field: str, value: Any, keys: MergeKeys) -> None:
        if value is None:
            merged.pop(field, None)
            if not self.applying:
                merged[field] = None
            return
        before = merged.get(field)
        if isinstance(before, dict) and isinstance(value, dict):
            child = keys.child(field)
            merged[field] = value if "replace" in child.strategies else self.maps(before, value, child)
        elif isinstance(before, list) and isinstance(value, list):
            merged[field] = self._lists(before, value, keys.child(field))
        elif _is_directive(value):
            merged.pop(field, None)
        else:
            merged[field] = self._new_value(value)

    def _new_value(self, value: Any) -> Any:
        return _plain(value) if self.applying else _without_directives(value)

    def _retain_keys(self, merged: Document, patch: Document) -> None:
        if _RETAIN_KEYS not in patch:
            return
        retained = patch.pop(_RETAIN_KEYS)
        if not self.applying:
            if merged.setdefault(_RETAIN_KEYS, retained) != retained:
                raise PatchError(f"{_go_text(merged[_RETAIN_KEYS])} and {_go_text(retained)} are not deep equal")
            return
        if not isinstance(retained, list):
            raise PatchError(_BAD_RETAIN_KEYS)
        for field, value in patch.items():
            directive = field.startswith((_DELETE_FROM_LIST, _SET_ORDER))
            if value is not None and not directive and field not in retained:
                raise PatchError(_BAD_RETAIN_KEYS)
        for field in [field for field in merged if field not in retained]:
            del merged[field]

    def _delete_from_list(self, merged: Document, field: str, value: Any) -> None:
        if not self.applying:
            merged[field] = value
            return
        name = field.removeprefix(_DELETE_FROM_LIST)
        if not isinstance(value, list):
            raise PatchError(_BAD_PRIMITIVE_LIST)
        if isinstance(merged.get(name), list):
            merged[name] = [item for item in merged[name] if not _contains(value, item)]

    def _set_order(self, merged: Document, patch: Document, directive: str, keys: MergeKeys) -> None:
        """Merge a list together with the order that the patch wants, and take both out of the patch."""
        order = patch.pop(directive)
        if not self.applying and not _identical(merged.setdefault(directive, order), order):
            raise PatchError(_BAD_SET_ORDER)
        field = directive.removeprefix(_SET_ORDER)
        before, added = merged.get(field), patch.pop(field, None)
        for value in (order, before or [], added or []):
            if not isinstance(value, list):
                raise PatchError(f"expected a []interface {{}}, but received a {_go_type(value)}")
        child = keys.child(field)
        _require_order(added or [], order, child.merge_key)
        if before is not None:
            result = before if added is None else self._lists(before, added, child)
        elif added is not None:
            result = self._new_value(added)
        else:
            return
        merged[field] = _ordered(result, order, before or [], child.merge_key)

    def _lists(self, original: list[Any], patch: list[Any], keys: MergeKeys) -> list[Any]:
        if "merge" not in keys.strategies:
            return patch
        if not original and not patch:
            return original
        if not isinstance(_require_one_type([*original, *patch]), dict):
            added = [item for item in _distinct(patch) if not _contains(original, item)]
            return _ordered([*_distinct(original), *added], patch, original, "")
        if not keys.merge_key:
            raise PatchError("cannot merge lists without merge key")
        original, patch = _after_item_directives(original, patch, keys.merge_key)
        return _ordered(self._items(original, patch, keys), patch, original, keys.merge_key)

    def _items(self, original: list[Any], patch: list[Any], keys: MergeKeys) -> list[Any]:
        merged = list(original)
        for item in patch:
            place = _position(merged, _identity(item, keys.merge_key), keys.merge_key)
            if place is None:
                merged.append(_plain(item) if self.applying else item)
            else:
                merged[place] = self.maps(merged[place], item, keys)
        return merged


def _replaced_by_directive(patch: Document) -> Document:
    if patch[_PATCH] == "replace":
        return {field: value for field, value in patch.items() if field != _PATCH}
    if patch[_PATCH] == "delete":
        return {}
    raise PatchError(f"unknown patch type: {_go_text(patch[_PATCH])} in map: {_go_text(patch)}")


def _after_item_directives(original: list[Any], patch: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """Carry out the `$patch` directives among the items: what is left of the list, and of the patch."""
    plain = [item for item in patch if _PATCH not in item]
    replaces = False
    for item in patch:
        directive = item.get(_PATCH, "")
        if directive == "delete":
            doomed = _identity(item, merge_key)
            original = [each for each in original if not _identical(each.get(merge_key), doomed)]
        elif directive == "replace":
            replaces = True
        elif directive == "merge":
            raise PatchError("merging lists cannot yet be specified in the patch", code=500)
        elif _PATCH in item:
            raise PatchError(f"unknown patch type: {_go_text(directive)} in map: {_go_text(item)}", code=500)
    return (plain, []) if replaces else (original, plain)


def _require_order(patch: list[Any], order: list[Any], merge_key: str) -> None:
    """The items of a patched list must stand in the order of its `$setElementOrder` list."""
    if not patch or not order:
        return
    wanted = iter([_value_of(item, merge_key) for item in order])
    for item in patch:
        if merge_key and _is_directive(item):
            continue
        identity = _value_of(item, merge_key)
        if not any(_identical(identity, each) for each in wanted):
            lists = f"{_go_text(patch)}\n doesn't match $setElementOrder list:\n{_go_text(order)}\n"
            raise PatchError(f"The order in patch list:\n{lists}", code=500)


def _ordered(items: list[Any], patch_order: list[Any], server_order: list[Any], merge_key: str) -> list[Any]:
    """The items that the patch names in its order, and among them the others in the order they had."""
    named = [item for item in items if _find(patch_order, item, merge_key) is not None]
    others = [item for item in items if _find(patch_order, item, merge_key) is None]
    named = _sorted_by(patch_order, named, merge_key)
    others = _sorted_by(server_order, others, merge_key)
    merged: list[Any] = []
    for item in named:
        place = _find(server_order, item, merge_key)
        while others and place is not None and _stands_before(server_order, others[0], place, merge_key):
            merged.append(others.pop(0))
        merged.append(item)
    return merged + others


def _stands_before(order: list[Any], item: Any, place: int, merge_key: str) -> bool:
    position = _find(order, item, merge_key)
    return position is not None and position < place


def _sorted_by(order: list[Any], items: list[Any], merge_key: str) -> list[Any]:
    def place(item: Any) -> tuple[bool, int]:
        # Deletions go last: they are only left in a patch that still has to be applied.
        deletes = bool(merge_key) and item.get(_PATCH) == "delete"
        return deletes, _find(order, item, merge_key) or 0

    return sorted(items, key=place)


# --- Differences ---


@dataclass(frozen=True)
class _Difference:
    """Calculates strategic merge patches, optionally without what was added or changed, or without what was deleted."""

    changes: bool = True
    deletions: bool = True
    retain_keys: bool = False

    def maps(self, original: Document, modified: Document, keys: MergeKeys) -> Document:
        patch: Document = {}
        for field, value in modified.items():
            before = original.get(field)
            if field in original and type(before) is type(value):
                self._field(patch, field, before, value, keys)
            elif self.changes:
                patch[field] = value
        gone = [field for field in original if field not in modified]
        if self.deletions:
            patch.update(dict.fromkeys(gone))
        retained = sorted(field for field, value in modified.items() if value is not None)
        if self.retain_keys and retained and (patch or any(original[field] is not None for field in gone)):
            patch[_RETAIN_KEYS] = retained
        return patch

    def _field(self, patch: Document, field: str, before: Any, value: Any, keys: MergeKeys) -> None:
        if isinstance(value, dict):
            self._map_field(patch, field, before, value, keys.child(field))
        elif isinstance(value, list):
            self._list_field(patch, field, before, value, keys.child(field))
        elif self.changes and before != value:
            patch[field] = value

    def _map_field(self, patch: Document, field: str, before: Document, value: Document, keys: MergeKeys) -> None:
        if "replace" in keys.strategies:
            # Sent even if nothing changed, as kubectl does: applying a PodDisruptionBudget always "configures" it.
            if self.changes:
                patch[field] = value
        elif difference := self._below(keys).maps(before, value, keys):
            patch[field] = difference

    def _list_field(self, patch: Document, field: str, before: list[Any], value: list[Any], keys: MergeKeys) -> None:
        if "merge" not in keys.strategies:
            if self.changes and not _identical(before, value):
                patch[field] = value
        elif not before:
            if value and self.changes:
                patch[field] = value
        elif isinstance(_require_one_type([*before, *value]), dict):
            self._merged_list(patch, field, before, value, keys)
        else:
            self._scalar_list(patch, field, before, value)

    def _merged_list(self, patch: Document, field: str, before: list[Any], value: list[Any], keys: MergeKeys) -> None:
        key = keys.merge_key
        earlier = {_go_text(_identity(item, key)): item for item in before}
        later = {_go_text(_identity(item, key)): item for item in value}
        items = [*self._changed_items(earlier, later, keys)]
        if self.deletions:
            gone = sorted(identity for identity in earlier if identity not in later)
            items += [{key: earlier[identity][key], _PATCH: "delete"} for identity in gone]
        if items:
            patch[field] = items
        order_changed = self.changes and list(earlier) != list(later)
        if value and (items or order_changed):
            patch[_SET_ORDER + field] = [{key: item[key]} for item in value]

    def _changed_items(self, earlier: Document, later: Document, keys: MergeKeys) -> Iterable[Document]:
        for identity, item in later.items():
            if identity not in earlier:
                if self.changes:
                    yield item
            elif difference := self._below(keys).maps(earlier[identity], item, keys):
                yield {**difference, keys.merge_key: item[keys.merge_key]}

    def _scalar_list(self, patch: Document, field: str, before: list[Any], value: list[Any]) -> None:
        added = [item for item in _distinct(value) if not _contains(before, item)]
        gone = [item for item in _distinct(before) if not _contains(value, item)]
        if added and self.changes:
            patch[field] = added
        if gone and self.deletions:
            patch[_DELETE_FROM_LIST + field] = sorted(gone, key=_go_text)
        if value and ((gone and self.deletions) or (self.changes and not _identical(before, value))):
            patch[_SET_ORDER + field] = value

    def _below(self, keys: MergeKeys) -> _Difference:
        return replace(self, retain_keys="retainKeys" in keys.strategies)


# --- Values ---


def _identity(item: Any, merge_key: str) -> Any:
    """The value of a list item's merge key."""
    if not isinstance(item, dict):
        raise PatchError(f"expected a map[string]interface {{}}, but received a {_go_type(item)}", code=500)
    if merge_key not in item:
        raise PatchError(f"map: {_go_text(item)} does not contain declared merge key: {merge_key}", code=500)
    return item[merge_key]


def _value_of(item: Any, merge_key: str) -> Any:
    return _identity(item, merge_key) if merge_key else item


def _find(items: Sequence[Any], item: Any, merge_key: str) -> int | None:
    return _position(items, _value_of(item, merge_key), merge_key)


def _position(items: Sequence[Any], value: Any, merge_key: str) -> int | None:
    for index, item in enumerate(items):
        if _identical(_value_of(item, merge_key), value):
            return index
    return None


def _contains(items: Iterable[Any], value: Any) -> bool:
    return any(_identical(item, value) for item in items)


def _distinct(items: Iterable[Any]) -> list[Any]:
    distinct: list[Any] = []
    for item in items:
        if not _contains(distinct, item):
            distinct.append(item)
    return distinct


def _identical(left: Any, right: Any) -> bool:
    """Equality of JSON values; Python's own takes true for 1."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_identical(value, right[field]) for field, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_identical, left, right))
    return bool(left == right)


def _is_directive(value: Any) -> bool:
    return isinstance(value, dict) and _PATCH in value


def _plain(value: Any) -> Any:
    """What a patch adds, without nulls and directives: there is nothing that they could still be applied to."""
    if isinstance(value, dict):
        return {
            field: _plain(inner)
            for field, inner in value.items()
            if inner is not None and not field.startswith(_DIRECTIVES) and not _is_directive(inner)
        }
    if isinstance(value, list):
        return [_plain(item) for item in value if not _is_directive(item)]
    return value


def _without_directives(value: Any) -> Any:
    if isinstance(value, dict):
        return {field: _without_directives(inner) for field, inner in value.items() if not _is_directive(inner)}
    if isinstance(value, list):
        return [_without_directives(item) for item in value if not _is_directive(item)]
    return value


def _require_one_type(items: list[Any]) -> Any:
    """The first item of a list whose items must all be of one type."""
    if not items:
        raise PatchError("no elements in any of the given slices", code=500)
    if isinstance(items[0], list):
        raise PatchError("lists of lists are not supported", code=422)
    if any(_go_type(item) != _go_type(items[0]) for item in items):
        raise PatchError(f"list element types are not identical: {_go_text([items])}", code=500)
    return items[0]


def _require_shallow(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _inner_values(each)]
        if not level:
            return
    raise PatchError("exceeded max depth")


def _inner_values(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


_GO_TYPES: tuple[tuple[type, str, str], ...] = (
    (bool, "bool", "bool"),
    (int, "int64", "number"),
    (float, "float64", "number"),
    (str, "string", "string"),
    (dict, "map[string]interface {}", "object"),
    (list, "[]interface {}", "array"),
)


def _go_type(value: Any) -> str:
    return next((go_type for kind, go_type, _ in _GO_TYPES if isinstance(value, kind)), "<nil>")


def _json_type(value: Any) -> str:
    return next((json_type for kind, _, json_type in _GO_TYPES if isinstance(value, kind)), "null")


def _go_text(value: Any) -> str:
    """A value as Go's %v prints it in error messages."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{field}:{_go_text(value[field])}' for field in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_go_text, value))}]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
