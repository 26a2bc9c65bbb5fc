"""`kubectl describe` of volumes, claims, storage classes and CSINodes."""

from __future__ import annotations

from tests.kubectl.builders import event, frozen, made, pod

CLAIM_SPEC = {
    "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "manual",
    "volumeMode": "Filesystem",
}


def test_it_works():
    claim = made("v1", "PersistentVolumeClaim", "early", spec=CLAIM_SPEC, status={"phase": "Pending"})
    text = frozen(claim, event(claim, "FailedBinding", "no volume", type="Warning")).run("describe pvc early").stdout
    assert text.startswith(
        "Name:          early\nNamespace:     default\nStorageClass:  manual\nStatus:        Pending\nVolume:        \n"
        "Labels:        <none>\nAnnotations:   <none>\nFinalizers:    []\nCapacity:      \nAccess Modes:  \n"
        "VolumeMode:    Filesystem\nUsed By:       <none>\nEvents:\n"
    )


def test_a_bound_claim_shows_what_it_got_and_who_uses_it():
    status = {
        "phase": "Bound", "capacity": {"storage": "2048Mi"}, "accessModes": ["ReadWriteOnce"],
        "conditions": [{"type": "Resizing", "status": "True", "message": "bigger"}],
    }
    claim = made("v1", "PersistentVolumeClaim", "c", spec={**CLAIM_SPEC, "volumeName": "v"}, status=status)
    users = [pod(name, spec={"containers": [], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": used}}]})
             for name, used in (("b", "c"), ("a", "c"), ("z", "other"))]
    lines = frozen(claim, *users).run("describe pvc c").lines
    assert "Capacity:      2Gi" in lines and "Access Modes:  RWO" in lines
    assert lines[11:14] == ["Used By:       a", "               b", "Conditions:"]
    assert lines[16].startswith("  Resizing   True    Mon, 01 Jan 0001 00:00:00 +0000   Mon, ")


def test_a_volume_with_node_affinity():
    required = {"nodeSelectorTerms": [
        {"matchExpressions": [
            {"key": "zone", "operator": "In", "values": ["a", "b"]}, {"key": "disk", "operator": "Exists"},
        ]},
        {"matchFields": []},
    ]}
    spec = {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce", "ReadWriteMany"], "storageClassName": "late",
        "persistentVolumeReclaimPolicy": "Delete", "volumeMode": "Filesystem", "local": {"path": "/x"},
        "nodeAffinity": {"required": required}, "claimRef": {"namespace": "default", "name": "c"},
    }
    document = made("v1", "PersistentVolume", "v", namespace="", spec=spec, status={"phase": "Bound", "message": "m"})
    assert frozen(document).run("describe pv v").stdout == (
        "Name:              v\nLabels:            <none>\nAnnotations:       <none>\nFinalizers:        []\n"
        "StorageClass:      late\nStatus:            Bound\nClaim:             default/c\nReclaim Policy:    Delete\n"
        "Access Modes:      RWO,RWX\nVolumeMode:        Filesystem\nCapacity:          1Gi\nNode Affinity:     \n"
        "  Required Terms:  \n    Term 0:        zone in [a, b]\n                   disk exists\n    Term 1:        <none>\n"
        "Message:           m\nSource:\n    Type:  LocalVolume (a persistent volume backed by local storage on a node)\n"
        "    Path:  /x\nEvents:    <none>\n"
    )


def test_a_volume_of_a_driver():
    source = {"driver": "d.example", "volumeHandle": "h", "volumeAttributes": {"b": "2", "a": "1"}}
    lines = frozen(made("v1", "PersistentVolume", "v", namespace="", spec={"csi": source})).run("describe pv v").lines
    assert lines[-9:-1] == [
        "Source:",
        "    Type:              CSI (a Container Storage Interface (CSI) volume source)",
        "    Driver:            d.example",
        "    FSType:            ",
        "    VolumeHandle:      h",
        "    ReadOnly:          false",
        "    VolumeAttributes:      a=1",
        "                           b=2",
    ]


def test_a_volume_of_an_unknown_kind_says_so():
    lines = frozen(made("v1", "PersistentVolume", "v", namespace="", spec={})).run("describe pv v").lines
    assert lines[-2].strip() == "<unknown>" and "Node Affinity:   <none>" in lines


def test_storage_class():
    rules = [{"key": "zone", "values": ["a", "b"]}]
    document = made(
        "storage.k8s.io/v1", "StorageClass", "fast", namespace="", provisioner="p.example", reclaimPolicy="Delete",
        annotations={"storageclass.kubernetes.io/is-default-class": "true"}, parameters={"type": "ssd"},
        volumeBindingMode="Immediate", mountOptions=["ro"], allowedTopologies=[{"matchLabelExpressions": rules}],
        allowVolumeExpansion=True,
    )
    assert frozen(document).run("describe sc fast").stdout == (
        "Name:                  fast\nIsDefaultClass:        Yes\n"
        "Annotations:           storageclass.kubernetes.io/is-default-class=true\nProvisioner:           p.example\n"
        "Parameters:            type=ssd\nAllowVolumeExpansion:  True\nMountOptions:\n  ro\n"
        "ReclaimPolicy:      Delete\nVolumeBindingMode:  Immediate\nAllowedTopologies:  \n  Term 0:           zone in [a, b]\n"
        "Events:             <none>\n"
    )


def test_csi_node():
    drivers = [{"name": "d.example", "nodeID": "n", "allocatable": {"count": 8}, "topologyKeys": ["zone", "host"]}]
    lines = frozen(made("storage.k8s.io/v1", "CSINode", "n", namespace="", spec={"drivers": drivers})).run(
        "describe csinode n"
    ).lines
    assert lines[4:-1] == [
        "Spec:", "  Drivers:", "    d.example:", "      Node ID:  n", "      Allocatables:", "        Count:        8",
        "      Topology Keys:  [zone host]",
    ]


def test_a_disk_of_a_cloud():
    spec = {"awsElasticBlockStore": {"volumeID": "vol-1", "fsType": "ext4"}}
    lines = frozen(made("v1", "PersistentVolume", "v", namespace="", spec=spec)).run("describe pv v").lines
    assert lines[-6:-1] == [
        "    Type:       AWSElasticBlockStore (a Persistent Disk resource in AWS)", "    VolumeID:   vol-1",
        "    FSType:     ext4", "    Partition:  0", "    ReadOnly:   false",
    ]


def test_the_volume_that_lives_as_long_as_its_pod():
    template = {"metadata": {"labels": {"b": "2", "a": "1"}}, "spec": {**CLAIM_SPEC}}
    document = pod("p", spec={"containers": [], "volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": template}}]})
    lines = frozen(document).run("describe pod p").lines
    start = lines.index("  v:")
    assert lines[start + 1].strip().startswith("Type:          EphemeralVolume (an inline specification for a volume")
    assert [line.strip() for line in lines[start + 2:start + 10]] == [
        "StorageClass:  manual", "Volume:", "Labels:        a=1", "b=2", "Annotations:   <none>", "Capacity:", "Access Modes:",
        "VolumeMode:    Filesystem",
    ]
