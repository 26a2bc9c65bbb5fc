"""Rules of labels, annotations, finalizers, owners and selectors."""

from __future__ import annotations

from cluster.objects import metadata_rules as rules


def test_it_works() -> None:
    assert rules.label_errors({"app": "web", "example.com/tier": ""}, "metadata.labels") == []
    assert rules.annotation_errors({"Example.com/Note": "any text\nat all"}, "metadata.annotations") == []


def test_a_bad_label_names_the_value() -> None:
    (error,) = rules.label_errors({"app": "my app"}, "metadata.labels")
    assert str(error).startswith('metadata.labels: Invalid value: "my app": a valid label must be an empty string or')


def test_annotations_have_a_size() -> None:
    (error,) = rules.annotation_errors({"a": "x" * 262144}, "metadata.annotations")
    assert str(error) == "metadata.annotations: Too long: may not be more than 262144 bytes"


def test_policies_of_deletion_exclude_each_other() -> None:
    (error,) = rules.finalizer_errors(["orphan", "foregroundDeletion"], "metadata.finalizers")
    assert error.detail.endswith("finalizer orphan and foregroundDeletion cannot be both set")


def test_only_one_owner_controls() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "1", "controller": True}
    (error,) = rules.owner_errors([owner, {**owner, "name": "b"}], "metadata.ownerReferences")
    assert error.detail.endswith('Found "true" in references for ReplicaSet/a and ReplicaSet/b')


def test_an_owner_without_uid() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a"}
    (error,) = rules.owner_errors([owner], "metadata.ownerReferences")
    assert str(error) == 'metadata.ownerReferences.uid: Invalid value: "": must not be empty'


def test_selectors_with_wrong_operators() -> None:
    selector = {"matchExpressions": [
        {"key": "a", "operator": "In"},
        {"key": "a", "operator": "Exists", "values": ["x"]},
        {"key": "a", "operator": "in", "values": ["x"]},
    ]}
    assert [str(error) for error in rules.selector_errors(selector, "spec.selector")] == [
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        "spec.selector.matchExpressions[1].values: Forbidden: "
        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        'spec.selector.matchExpressions[2].operator: Invalid value: "in": not a valid selector operator',
    ]
