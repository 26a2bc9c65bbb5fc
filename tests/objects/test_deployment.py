"""Deployment: arithmetic, defaults, validation, columns and the words of `kubectl rollout`."""

import pytest

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.objects.documents import with_value, without
from cluster.objects.kinds import deployment as deployments


def deployment(replicas=3, **spec):
    return deployments.default({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "nginx:1"}]},
            },
            **spec,
        },
    })


def rolling(replicas, surge, unavailable):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    return deployment(replicas, strategy=strategy)


def complaints(document, old=None):
    return [str(error) for error in deployments.validate(document, old)]


def test_it_works():
    document = deployment()
    assert complaints(document) == []
    assert (deployments.max_surge(document), deployments.max_unavailable(document)) == (1, 0)


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (20, "25%", "25%", (5, 5)), (4, "25%", "25%", (1, 1)), (10, "25%", "25%", (3, 2)), (1, "25%", "25%", (1, 0)),
        (3, "25%", "25%", (1, 0)), (10, 3, 2, (3, 2)), (2, "0%", "1%", (0, 1)), (2, 0, "10%", (0, 1)),
        (2, "1%", "25%", (1, 0)), (3, 0, 7, (0, 3)), (0, "25%", "25%", (0, 0)), (0, 2, 1, (2, 0)), (3, "200%", 0, (6, 0)),
    ],
)
def test_surge_rounds_up_and_unavailability_down(replicas, surge, unavailable, expected):
    document = rolling(replicas, surge, unavailable)
    assert (deployments.max_surge(document), deployments.max_unavailable(document)) == expected


def test_recreate_has_neither():
    document = deployment(strategy={"type": "Recreate"})
    assert (deployments.max_surge(document), deployments.max_unavailable(document)) == (0, 0)


def test_defaults():
    spec = deployments.default({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}})["spec"]
    assert spec["replicas"] == 1
    assert spec["revisionHistoryLimit"] == 10
    assert spec["progressDeadlineSeconds"] == 600
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    assert spec["template"]["spec"]["restartPolicy"] == "Always"


def test_defaults_keep_what_is_given():
    document = deployment(0, strategy={"rollingUpdate": {"maxSurge": 0}}, revisionHistoryLimit=0)
    assert document["spec"]["replicas"] == 0
    assert document["spec"]["revisionHistoryLimit"] == 0
    assert document["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": 0}
    assert deployments.default(document) == document


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"replicas": -1}, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        ({"minReadySeconds": -1}, "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"),
        ({"revisionHistoryLimit": -1}, "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"),
        ({"selector": None}, "spec.selector: Required value"),
        (
            {"selector": {"matchLabels": {"app": "other"}}},
            'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
        ),
        ({"selector": {}}, "spec.selector: Invalid value: {}: empty selector is invalid for deployment"),
        (
            {"progressDeadlineSeconds": 5, "minReadySeconds": 5},
            "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds",
        ),
    ],
)
def test_validation(change, message):
    document = deployment()
    assert complaints({**document, "spec": {**document["spec"], **change}}) == [message]


@pytest.mark.parametrize(
    ("surge", "unavailable", "messages"),
    [
        (0, 0, ["maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"]),
        ("0%", "0%", ['maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0']),
        (1, -1, ["maxUnavailable: Invalid value: -1: must be greater than or equal to 0"]),
        (1, "101%", ['maxUnavailable: Invalid value: "101%": must not be greater than 100%']),
        ("300%", 0, []),
        (
            "x", 1,
            [
                'maxSurge: Invalid value: "x": a valid percent string must be a numeric string followed by an ending '
                "'%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
            ],
        ),
    ],
)
def test_validation_of_the_rolling_update(surge, unavailable, messages):
    document = rolling(3, surge, unavailable)
    assert complaints(document) == [f"spec.strategy.rollingUpdate.{message}" for message in messages]


def test_validation_of_the_strategy():
    recreate = deployment(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}})
    assert complaints(recreate) == [
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"
    ]
    unknown = deployment(strategy={"type": "Canary"})
    assert complaints(unknown) == [
        'spec.strategy: Unsupported value: {"type":"Canary"}: supported values: "Recreate", "RollingUpdate"'
    ]


def test_template_rules():
    document = with_value(deployment(), ("spec", "template", "spec", "restartPolicy"), "Never")
    assert complaints(document) == [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'
    ]


def test_the_selector_is_immutable():
    old = deployment()
    labels = {"app": "web", "tier": "front"}
    new = with_value(old, ("spec", "selector", "matchLabels"), labels)
    new = with_value(new, ("spec", "template", "metadata", "labels"), labels)
    assert complaints(new, old) == [
        'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"front"}}: field is immutable'
    ]


# --- kubectl rollout --------------------------------------------------------------------------------------------


def with_status(document, **status):
    return {**document, "status": {"observedGeneration": 1, **status}}


@pytest.mark.parametrize(
    ("status", "line", "done"),
    [
        ({"observedGeneration": 0}, "Waiting for deployment spec update to be observed...", False),
        ({}, 'Waiting for deployment "web" rollout to finish: 0 out of 3 new replicas have been updated...', False),
        (
            {"updatedReplicas": 3, "replicas": 4},
            'Waiting for deployment "web" rollout to finish: 1 old replicas are pending termination...', False,
        ),
        (
            {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 2},
            'Waiting for deployment "web" rollout to finish: 2 of 3 updated replicas are available...', False,
        ),
        (
            {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 3},
            'deployment "web" successfully rolled out', True,
        ),
    ],
)
def test_rollout_status(status, line, done):
    assert deployments.rollout_status(with_status(deployment(), **status)) == (line, done)


def test_rollout_status_past_the_deadline():
    late = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    with pytest.raises(deployments.RolloutFailed, match='deployment "web" exceeded its progress deadline'):
        deployments.rollout_status(with_status(deployment(), conditions=late))
    # A change that nobody has seen yet may be the remedy.
    newer = with_value(with_status(deployment(), conditions=late), ("metadata", "generation"), 2)
    assert deployments.rollout_status(newer)[0] == "Waiting for deployment spec update to be observed..."


def test_rollout_status_of_another_revision():
    document = with_value(deployment(), ("metadata", "annotations"), {deployments.REVISION: "4"})
    with pytest.raises(deployments.RolloutFailed) as failed:
        deployments.rollout_status(document, 3)
    assert str(failed.value) == "desired revision (3) is different from the running revision (4)"


def replicaset(name, revision, **annotations):
    return {
        "metadata": {"name": name, "annotations": {deployments.REVISION: revision, **annotations}},
        "spec": {"template": {"metadata": {"labels": {"app": "web", "pod-template-hash": "123"}}, "spec": {}}},
    }


def test_history():
    found = [replicaset("web-b", "10"), replicaset("web-a", "2", **{deployments.CHANGE_CAUSE: "a reason"})]
    history = deployments.history(found)
    assert [(revision, one["metadata"]["name"]) for revision, one in history.items()] == [(2, "web-a"), (10, "web-b")]
    assert [deployments.change_cause(one) for one in history.values()] == ["a reason", ""]


def test_the_template_of_a_revision_has_no_hash():
    assert deployments.template_of(replicaset("web-a", "1")) == {"metadata": {"labels": {"app": "web"}}, "spec": {}}


def test_the_replicaset_to_go_back_to():
    found = [replicaset("web-b", "10"), replicaset("web-a", "2"), replicaset("web-c", "7")]
    assert deployments.rollback_target(deployment(), found)["metadata"]["name"] == "web-c"
    assert deployments.rollback_target(deployment(), found, 2)["metadata"]["name"] == "web-a"


@pytest.mark.parametrize(
    ("revisions", "to", "paused", "message"),
    [
        (["1"], 0, False, 'no rollout history found for deployment "web"'),
        ([], 0, False, 'no rollout history found for deployment "web"'),
        (["1", "2"], 77, False, "unable to find specified revision 77 in history"),
        (["1", "2"], -1, False, "unable to find specified revision -1 in history"),
        (
            ["1", "2"], 0, True,
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
        ),
    ],
)
def test_no_way_back(revisions, to, paused, message):
    found = [replicaset(f"web-{revision}", revision) for revision in revisions]
    with pytest.raises(deployments.RolloutFailed) as failed:
        deployments.rollback_target(deployment(paused=paused), found, to)
    assert str(failed.value) == message


def test_the_patch_restores_template_and_annotations():
    document = with_value(deployment(), ("metadata", "annotations"), {deployments.REVISION: "3", "note": "new"})
    target = replicaset("web-a", "2", note="old")
    template, annotations = deployments.rollback_patch(document, target)
    assert template == {"op": "replace", "path": "/spec/template", "value": deployments.template_of(target)}
    assert annotations["value"] == {deployments.REVISION: "3", "note": "old"}
    same = {**target, "spec": {"template": document["spec"]["template"]}}
    assert deployments.rollback_patch(document, same) is None


def test_the_oldest_replicaset_with_the_template_is_the_new_one():
    document = deployment()
    first, second, other = (
        {"metadata": {"name": name, "creationTimestamp": f"2026-01-01T00:00:0{second}Z"}, "spec": {"template": template}}
        for name, second, template in (
            ("b", 2, document["spec"]["template"]), ("c", 3, document["spec"]["template"]), ("a", 1, {"spec": {}}),
        )
    )
    new, old = deployments.new_and_old(document, [second, other, first])
    assert new is first
    assert old == [other, second]


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "²"])
def test_a_revision_that_is_no_number(text):
    document = with_value(deployment(), ("metadata", "annotations"), {deployments.REVISION: text})
    assert deployments.revision(document) == 0


# --- printing ---------------------------------------------------------------------------------------------------


def row(document, wide=False):
    return [column.value(document, 9000) for column in deployments.KIND.columns if wide or not column.wide]


def test_columns():
    assert [column.name for column in deployments.KIND.columns] == [
        "Name", "Ready", "Up-to-date", "Available", "Age", "Containers", "Images", "Selector",
    ]
    document = with_status(deployment(4), readyReplicas=3, updatedReplicas=2, availableReplicas=3)
    assert row(document) == ["web", "3/4", "2", "3", "9s"]
    assert row(document, wide=True)[5:] == ["c", "nginx:1", "app=web"]


def test_columns_before_there_is_a_status():
    assert row(without(deployment(), ("status",))) == ["web", "0/3", "0", "0", "9s"]
