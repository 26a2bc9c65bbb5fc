"""The ServiceAccount plugin gives Pods an account and its token."""

from __future__ import annotations

from typing import Any

from tests.apiserver.builders import Lab, lab, pod, refusal

MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


def account(api: Lab, name: str, **fields: Any) -> None:
    meta = {"name": name, "namespace": "default"}
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta, **fields})


def test_it_works() -> None:
    spec = lab().create(pod())["spec"]
    (volume,) = spec["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    assert spec["containers"][0]["volumeMounts"] == [
        {"name": volume["name"], "readOnly": True, "mountPath": MOUNT_PATH}
    ]


def test_init_containers_get_it_too() -> None:
    spec = lab().create(pod(initContainers=[{"name": "i", "image": "x"}]))["spec"]
    assert spec["initContainers"][0]["volumeMounts"][0]["mountPath"] == MOUNT_PATH


def test_a_missing_account() -> None:
    error = refusal(lab().create, pod(serviceAccountName="robot"))
    assert (error.code, error.message) == (
        403,
        'pods "web" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found',
    )


def test_the_pod_s_wish_counts_before_the_account_s() -> None:
    api = lab()
    account(api, "quiet", automountServiceAccountToken=False)
    assert "volumes" not in api.create(pod("a", serviceAccountName="quiet"))["spec"]
    asked = api.create(pod("b", serviceAccountName="quiet", automountServiceAccountToken=True))
    assert asked["spec"]["volumes"]


def test_a_mount_of_one_s_own_is_left_alone() -> None:
    mounts = [{"name": "mine", "mountPath": MOUNT_PATH}]
    document = pod(containers=[{"name": "c", "image": "x", "volumeMounts": mounts}], volumes=[{"name": "mine"}])
    spec = lab().create(document)["spec"]
    assert [volume["name"] for volume in spec["volumes"]] == ["mine"]
    assert spec["containers"][0]["volumeMounts"] == mounts


def test_secrets_for_pulling_images_come_from_the_account() -> None:
    api = lab()
    account(api, "puller", imagePullSecrets=[{"name": "registry"}])
    assert api.create(pod(serviceAccountName="puller"))["spec"]["imagePullSecrets"] == [{"name": "registry"}]
