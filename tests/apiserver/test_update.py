"""Updates: conflicts, what belongs to whom, what changes nothing."""

from __future__ import annotations

from cluster.objects.documents import with_value
from tests.apiserver.builders import Lab, config, deployment, node, pod, refusal

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def test_it_works(api: Lab) -> None:
    stored = api.create(config(a="1"))
    changed = api.update({**stored, "data": {"a": "2"}})
    assert changed["data"] == {"a": "2"}
    assert int(changed["metadata"]["resourceVersion"]) == int(stored["metadata"]["resourceVersion"]) + 1


def test_the_second_of_two_writers_conflicts(api: Lab) -> None:
    stored = api.create(config(a="1"))
    api.update({**stored, "data": {"a": "2"}})
    error = refusal(api.update, {**stored, "data": {"a": "3"}})
    assert (error.code, error.reason) == (409, "Conflict")
    assert error.message == f'Operation cannot be fulfilled on configmaps "settings": {MODIFIED}'


def test_the_group_is_named(api: Lab) -> None:
    stored = api.create(deployment())
    api.update(with_value(stored, ("spec", "replicas"), 5))
    error = refusal(api.update, with_value(stored, ("spec", "replicas"), 6))
    assert error.message == f'Operation cannot be fulfilled on deployments.apps "web": {MODIFIED}'


def test_without_a_version_the_update_is_unconditional(api: Lab) -> None:
    api.create(config(a="1"))
    assert api.update(config(a="2"))["data"] == {"a": "2"}


def test_a_wrong_uid_conflicts(api: Lab) -> None:
    stored = api.create(config())
    error = refusal(api.update, with_value(stored, ("metadata", "uid"), "other"))
    assert error.message == (
        'Operation cannot be fulfilled on configmaps "settings": Precondition failed: '
        f'UID in precondition: other, UID in object meta: {stored["metadata"]["uid"]}'
    )


def test_nothing_changed_is_no_write(api: Lab) -> None:
    stored = api.create(config(a="1"))
    before = api.revision
    assert api.update(stored) == stored
    assert api.revision == before


def test_an_update_of_the_object_leaves_the_status(api: Lab) -> None:
    stored = api.create(deployment())
    changed = api.update({**stored, "status": {"replicas": 9}})
    assert changed == stored


def test_an_update_of_the_status_leaves_the_rest(api: Lab) -> None:
    stored = api.create(deployment())
    wanted = {**with_value(stored, ("spec", "replicas"), 9), "status": {"replicas": 3}}
    changed = api.update(with_value(wanted, ("metadata", "labels"), {"a": "b"}), subresource="status")
    assert changed["spec"] == stored["spec"]
    assert "labels" not in changed["metadata"]
    assert changed["status"] == {"replicas": 3}


def test_missing_objects(api: Lab) -> None:
    error = refusal(api.update, config())
    assert (error.code, error.message) == (404, 'configmaps "settings" not found')


def test_generation_counts_changes_of_the_spec_only(api: Lab) -> None:
    stored = api.create(deployment())
    assert stored["metadata"]["generation"] == 1
    scaled = api.update(with_value(stored, ("spec", "replicas"), 5))
    assert scaled["metadata"]["generation"] == 2
    noted = api.update(with_value(scaled, ("metadata", "labels"), {"a": "b"}))
    assert noted["metadata"]["generation"] == 2
    reported = api.update({**noted, "status": {"replicas": 5}}, subresource="status")
    assert reported["metadata"]["generation"] == 2


def test_kinds_without_generation(api: Lab) -> None:
    for document in (config(), node()):
        assert "generation" not in api.create(document)["metadata"]


def test_a_pod_s_spec_is_fixed(api: Lab) -> None:
    stored = api.create(pod())
    error = refusal(api.update, with_value(stored, ("spec", "restartPolicy"), "Never"))
    assert (error.code, error.reason) == (422, "Invalid")
    assert error.message.startswith('Pod "web" is invalid: spec: Forbidden: pod updates may not change fields other than')


def test_the_creation_time_cannot_be_changed(api: Lab) -> None:
    stored = api.create(config())
    changed = api.update(with_value(stored, ("metadata", "creationTimestamp"), "2020-01-01T00:00:00Z"))
    assert changed["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"


def test_no_finalizers_are_added_to_an_object_that_is_going_away(api: Lab) -> None:
    document = config()
    document["metadata"]["finalizers"] = ["example.com/a"]
    api.create(document)
    marked = api.delete("configmaps", "default", "settings")
    assert marked is not None
    error = refusal(api.update, with_value(marked, ("metadata", "finalizers"), ["example.com/a", "example.com/b"]))
    assert error.message == (
        'ConfigMap "settings" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object '
        'is being deleted, found new finalizers []string{"example.com/b"}'
    )
