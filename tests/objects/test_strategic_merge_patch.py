"""Strategic merge patches, and the two-way and three-way patches of kubectl."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.objects import schema
from cluster.objects.patches import PatchError, strategic_merge_patch, three_way_strategic, two_way_strategic

POD = schema.merge_keys("v1", "Pod")
DEPLOYMENT = schema.merge_keys("apps/v1", "Deployment")
DISRUPTION_BUDGET = schema.merge_keys("policy/v1", "PodDisruptionBudget")


def pod(*containers, **spec):
    return {"spec": {"containers": list(containers), **spec}}


def text(value):
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def test_it_works():
    document = pod({"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"})
    patched = strategic_merge_patch(document, pod({"name": "b", "image": "b:2"}), POD)
    assert patched == pod({"name": "a", "image": "a:1"}, {"name": "b", "image": "b:2"})
    assert document == pod({"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"})


def test_new_items_stand_where_the_patch_has_them_and_else_in_front():
    patched = strategic_merge_patch(pod({"name": "b"}), pod({"name": "a"}), POD)
    assert [container["name"] for container in patched["spec"]["containers"]] == ["a", "b"]
    patched = strategic_merge_patch(pod({"name": "b"}), pod({"name": "b"}, {"name": "a"}), POD)
    assert [container["name"] for container in patched["spec"]["containers"]] == ["b", "a"]


def test_lists_without_merge_key_are_replaced():
    document = {"spec": {"tolerations": [{"key": "a"}, {"key": "b"}]}}
    patched = strategic_merge_patch(document, {"spec": {"tolerations": [{"key": "c"}]}}, POD)
    assert patched == {"spec": {"tolerations": [{"key": "c"}]}}


def test_null_deletes():
    document = {"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"nodeName": "x"}}
    patch = {"metadata": {"labels": {"a": None, "gone": None}}, "spec": {"nodeName": None}}
    assert strategic_merge_patch(document, patch, POD) == {"metadata": {"labels": {"b": "2"}}, "spec": {}}


def test_nulls_in_what_is_new_are_dropped():
    patch = pod({"name": "a", "image": None, "resources": {"limits": None}})
    assert strategic_merge_patch({}, patch, POD) == pod({"name": "a", "resources": {}})
    assert strategic_merge_patch(pod({"name": "b"}), patch, POD) == pod({"name": "a", "resources": {}}, {"name": "b"})


def test_directives_are_never_stored():
    item = {"name": "v", "hostPath": {}, "$retainKeys": ["name", "hostPath"]}
    patch = {"spec": {"$setElementOrder/volumes": [{"name": "v"}], "volumes": [item]}}
    plain = {"spec": {"volumes": [{"name": "v", "hostPath": {}}]}}
    documents: list[dict] = [{}, {"spec": {}}, {"spec": {"volumes": []}}]
    for document in documents:
        assert strategic_merge_patch(document, patch, POD) == plain


def test_items_of_items():
    document = pod({"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]})
    patch = pod({"name": "a", "env": [{"name": "Y", "$patch": "delete"}, {"name": "Z", "value": "3"}]})
    assert strategic_merge_patch(document, patch, POD) == pod(
        {"name": "a", "env": [{"name": "Z", "value": "3"}, {"name": "X", "value": "1"}]}
    )


def test_delete_an_item():
    document = pod({"name": "a"}, {"name": "b"})
    patch = pod({"name": "a", "$patch": "delete"})
    assert strategic_merge_patch(document, patch, POD) == pod({"name": "b"})


def test_delete_what_is_not_there():
    assert strategic_merge_patch(pod({"name": "b"}), pod({"name": "a", "$patch": "delete"}), POD) == pod({"name": "b"})
    assert strategic_merge_patch({"spec": {}}, pod({"name": "a", "$patch": "delete"}), POD) == pod()


def test_replace_a_list():
    patch = pod({"name": "c"}, {"$patch": "replace"})
    assert strategic_merge_patch(pod({"name": "a"}, {"name": "b"}), patch, POD) == pod({"name": "c"})


def test_replace_and_delete_a_map():
    document = {"metadata": {"labels": {"a": "1"}}}
    replace = {"metadata": {"labels": {"b": "2", "$patch": "replace"}}}
    assert strategic_merge_patch(document, replace, POD) == {"metadata": {"labels": {"b": "2"}}}
    delete = {"metadata": {"labels": {"$patch": "delete"}}}
    assert strategic_merge_patch(document, delete, POD) == {"metadata": {"labels": {}}}


def test_retain_keys():
    document = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"type": "Recreate", "$retainKeys": ["type"]}}}
    assert strategic_merge_patch(document, patch, DEPLOYMENT) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_retain_keys_must_name_what_is_patched():
    patch = {"spec": {"strategy": {"type": "Recreate", "$retainKeys": ["rollingUpdate"]}}}
    with pytest.raises(PatchError, match="invalid patch format of retainKeys"):
        strategic_merge_patch({"spec": {"strategy": {}}}, patch, DEPLOYMENT)


def test_set_element_order():
    document = pod({"name": "a"}, {"name": "sidecar"}, {"name": "b"})
    patch = {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}
    patched = strategic_merge_patch(document, patch, POD)
    # What the server alone knows keeps its place before the items that followed it.
    assert [container["name"] for container in patched["spec"]["containers"]] == ["sidecar", "b", "a"]


def test_set_element_order_must_agree_with_the_list():
    patch = {"spec": {"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "b"}]}}
    with pytest.raises(PatchError, match=r"doesn't match \$setElementOrder list"):
        strategic_merge_patch(pod({"name": "a"}), patch, POD)


def test_lists_of_scalars_are_sets():
    document = {"metadata": {"finalizers": ["a", "b"]}}
    assert strategic_merge_patch(document, {"metadata": {"finalizers": ["b", "c"]}}, POD) == {
        "metadata": {"finalizers": ["a", "b", "c"]}
    }
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a", "x"]}}
    assert strategic_merge_patch(document, patch, POD) == {"metadata": {"finalizers": ["b"]}}


def test_replaced_maps():
    document = {"spec": {"selector": {"matchLabels": {"a": "1"}}}}
    patch = {"spec": {"selector": {"matchLabels": {"b": "2"}}}}
    assert strategic_merge_patch(document, patch, DISRUPTION_BUDGET) == patch


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ([], "json: cannot unmarshal array into Go value of type map"),
        (pod({"image": "x"}), r"map: map\[image:x\] does not contain declared merge key: name"),
        (pod({"$patch": "delete"}), r"map: map\[\$patch:delete\] does not contain declared merge key: name"),
        (pod({"name": "a", "$patch": "merge"}), "merging lists cannot yet be specified in the patch"),
        (pod({"name": "a", "$patch": "burn"}), r"unknown patch type: burn in map: map\[\$patch:burn name:a\]"),
        ({"spec": {"$patch": "burn"}}, r"unknown patch type: burn in map: map\[\$patch:burn\]"),
        (pod("a"), "list element types are not identical"),
        (pod(["a"]), "list element types are not identical"),
        ({"spec": {"$setElementOrder/containers": {}}}, r"expected a \[\]interface {}, but received a map"),
        ({"metadata": {"$deleteFromPrimitiveList/finalizers": "a"}}, "invalid patch format of primitive list"),
        ({"metadata": {"labels": {"$retainKeys": "a"}}}, "invalid patch format of retainKeys"),
    ],
)
def test_errors(patch, message):
    document = {"metadata": {"labels": {"a": "b"}, "finalizers": ["a"]}, **pod({"name": "a"})}
    with pytest.raises(PatchError, match=message):
        strategic_merge_patch(document, patch, POD)


def test_too_deep():
    deep: dict = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(PatchError, match="exceeded max depth"):
        strategic_merge_patch({}, deep, POD)


# --- Differences ---


def test_two_way():
    original = pod({"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"})
    modified = pod({"name": "b", "image": "b:2"}, {"name": "c"})
    assert two_way_strategic(original, modified, POD) == {
        "spec": {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "c"}],
            "containers": [{"image": "b:2", "name": "b"}, {"name": "c"}, {"$patch": "delete", "name": "a"}],
        }
    }


def test_two_way_of_scalars():
    patch = two_way_strategic({"metadata": {"finalizers": ["a", "b"]}}, {"metadata": {"finalizers": ["c", "b"]}}, POD)
    assert patch == {
        "metadata": {
            "finalizers": ["c"],
            "$deleteFromPrimitiveList/finalizers": ["a"],
            "$setElementOrder/finalizers": ["c", "b"],
        }
    }


def test_two_way_retains_keys():
    original = pod(volumes=[{"name": "v", "emptyDir": {}}])
    modified = pod(volumes=[{"name": "v", "configMap": {"name": "c"}}])
    patch = two_way_strategic(original, modified, POD)
    assert patch["spec"]["volumes"] == [
        {"name": "v", "configMap": {"name": "c"}, "emptyDir": None, "$retainKeys": ["configMap", "name"]}
    ]
    assert strategic_merge_patch(original, patch, POD) == modified


def test_a_replaced_map_is_always_sent():
    document = {"spec": {"selector": {"matchLabels": {"a": "1"}}}}
    assert two_way_strategic(document, document, DISRUPTION_BUDGET) == document


def test_three_way():
    applied = pod({"name": "a", "image": "a:1"}, {"name": "old"}, nodeName="n")
    wanted = pod({"name": "a", "image": "a:2"})
    current = pod({"name": "a", "image": "a:1", "imagePullPolicy": "Always"}, {"name": "old"}, {"name": "injected"}, nodeName="n")
    patch = three_way_strategic(applied, wanted, current, POD)
    assert patch == {
        "spec": {
            "$setElementOrder/containers": [{"name": "a"}],
            "containers": [{"image": "a:2", "name": "a"}, {"$patch": "delete", "name": "old"}],
            "nodeName": None,
        }
    }
    assert strategic_merge_patch(current, patch, POD) == pod(
        {"name": "a", "image": "a:2", "imagePullPolicy": "Always"}, {"name": "injected"}
    )


def test_three_way_without_last_applied_configuration():
    current = pod({"name": "a", "image": "a:1"}, {"name": "b"})
    patch = three_way_strategic({}, pod({"name": "a", "image": "a:1"}), current, POD)
    # kubectl calls this "configured" although it changes nothing.
    assert patch == {"spec": {"$setElementOrder/containers": [{"name": "a"}]}}
    assert strategic_merge_patch(current, patch, POD) == current


def name_of(item: dict) -> str:
    return str(item["name"])


names = st.sampled_from(["a", "b", "c"])
scalars = st.sampled_from(["x", "y", 1, True])
environment = st.lists(
    st.fixed_dictionaries({"name": names}, optional={"value": st.sampled_from(["1", "2"])}),
    max_size=3,
    unique_by=name_of,
)
containers = st.lists(
    st.fixed_dictionaries(
        {"name": names},
        optional={
            "image": st.sampled_from(["i:1", "i:2"]),
            "env": environment,
            "args": st.lists(names, max_size=2),
            "resources": st.dictionaries(st.sampled_from(["limits", "requests"]), st.dictionaries(names, scalars)),
        },
    ),
    max_size=3,
    unique_by=name_of,
)
volumes = st.lists(
    st.fixed_dictionaries({"name": names}, optional={"emptyDir": st.just({}), "hostPath": st.just({"path": "/"})}),
    max_size=3,
    unique_by=name_of,
)
pods = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "labels": st.dictionaries(names, scalars, max_size=3),
                "finalizers": st.lists(names, unique=True, max_size=3),
            },
        ),
        "spec": st.fixed_dictionaries(
            {},
            optional={
                "containers": containers,
                "volumes": volumes,
                "nodeName": names,
                "tolerations": st.lists(st.dictionaries(names, scalars, max_size=1), max_size=2),
            },
        ),
    },
)


@given(pods, pods)
def test_the_difference_leads_from_one_to_the_other(original, modified):
    before = text([original, modified])
    patch = two_way_strategic(original, modified, POD)
    patch_before = text(patch)
    patched = strategic_merge_patch(original, patch, POD)
    assert text(patched) == text(modified)
    assert text(strategic_merge_patch(patched, patch, POD)) == text(modified)
    assert text([original, modified]) == before
    assert text(patch) == patch_before


@given(pods)
def test_no_difference_is_empty(document):
    assert two_way_strategic(document, document, POD) == {}
    assert three_way_strategic(document, document, document, POD) == {}


@given(pods, pods, pods)
def test_three_way_is_reached_in_one_step(applied, wanted, current):
    before = text([applied, wanted, current])
    result = strategic_merge_patch(current, three_way_strategic(applied, wanted, current, POD), POD)
    assert text([applied, wanted, current]) == before
    again = strategic_merge_patch(result, three_way_strategic(wanted, wanted, result, POD), POD)
    assert text(again) == text(result)


@given(pods, pods)
def test_applying_over_what_was_applied_gives_what_is_wanted(applied, wanted):
    patch = three_way_strategic(applied, wanted, applied, POD)
    assert text(strategic_merge_patch(applied, patch, POD)) == text(wanted)
