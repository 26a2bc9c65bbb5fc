"""KubeSchedulerConfiguration: profiles by name, plugins, weights, arguments, and what happens when it changes."""

import pytest

from cluster.apiserver.errors import APIError
from cluster.objects.kinds.kubeschedulerconfiguration import default, standard
from cluster.objects.scheduler_configuration_schema import POINTS
from cluster.objects.scheduler_configuration_validation import configuration_errors
from cluster.objects.scheduler_profiles import PLUGINS, WEIGHTS
from cluster.scheduler.configuration import METHODS, profile_of, profiles_of
from cluster.scheduler.decision import Outcome
from cluster.scheduler.framework import Plugin
from cluster.scheduler.plugins.node_affinity import ENFORCED
from cluster.scheduler.profile import default_profile
from cluster.simulation.bootstrap import new_cluster
from tests.scheduler.builders import container, decision, node, pod
from tests.scheduler.test_scheduler import add_node, add_pod, node_of, scheduled_condition, started
from tests.support.console import Console

RESOURCE = "kubeschedulerconfigurations.kubescheduler.config.k8s.io"


def names(plugins):
    return [plugin.name for plugin in plugins]


def profile(point="multiPoint", enabled=(), disabled=(), **more):
    def named(each):
        return {"name": each} if isinstance(each, str) else {"name": each[0], "weight": each[1]}

    plugins = {point: {"enabled": [named(each) for each in enabled], "disabled": [named(each) for each in disabled]}}
    return {"plugins": plugins, **more}


def configured(plugin, **args):
    return profile_of({"pluginConfig": [{"name": plugin, "args": args}]})


def cluster_with(*profiles, **more):
    """A cluster whose configuration has these profiles."""
    cluster = started()
    with cluster.act() as api:
        api.create({**standard(), "profiles": list(profiles), **more}, "")
    return cluster


def same(one, other):
    assert names(one.plugins) == names(other.plugins)
    assert one.weights == other.weights
    assert one.queue_sort.name == other.queue_sort.name
    for method in METHODS.values():
        if method != "sort_key":
            assert names(getattr(one, method)) == names(getattr(other, method)), method


def test_it_works():
    cluster = cluster_with({"schedulerName": "default-scheduler"}, {
        "schedulerName": "packer", "pluginConfig": [{"name": "NodeResourcesFit", "args": {
            "scoringStrategy": {"type": "MostAllocated"},
        }}], **profile(disabled=("NodeResourcesBalancedAllocation",)),
    })
    add_node(cluster, "a")
    add_node(cluster, "b")
    for name, scheduler in (("first", "default-scheduler"), ("spreads", "default-scheduler"), ("packs", "packer")):
        add_pod(cluster, name, container(cpu="1"), schedulerName=scheduler)
        cluster.until_quiet()
    assert node_of(cluster, "first") != node_of(cluster, "spreads")
    add_pod(cluster, "more", container(cpu="1"), schedulerName="packer")
    cluster.until_quiet()
    assert node_of(cluster, "more") == node_of(cluster, "packs")


# --- what a profile comes to -----------------------------------------------------------------------------------------


def test_the_tables_tell_what_the_plugins_are():
    found = default_profile()
    assert list(PLUGINS) == names(found.plugins)
    assert found.weights == {name: weight for name, weight in WEIGHTS.items() if name != "DynamicResources"}
    for plugin in found.plugins:
        points = {point for point in POINTS if getattr(type(plugin), METHODS[point]) is not getattr(Plugin, METHODS[point])}
        # What a plugin of ours needs and kube-scheduler's does not.
        points -= {"preScore"} if plugin.name == "ImageLocality" else set()
        assert points <= PLUGINS[plugin.name], plugin.name


def test_nothing_said_and_everything_said_are_the_default():
    same(profile_of({}), default_profile())
    same(profile_of(standard()["profiles"][0]), default_profile())
    found = profiles_of(standard())
    assert (found.initial_backoff, found.max_backoff) == (1000, 10_000)
    assert found.by_name["default-scheduler"].percentage_of_nodes_to_score == 0


def test_weights():
    assert profile_of(profile(enabled=[("ImageLocality", 7)])).weights["ImageLocality"] == 7
    found = profile_of(profile("score", enabled=[("ImageLocality", 7), "NodeAffinity"]))
    assert (found.weights["ImageLocality"], found.weights["NodeAffinity"]) == (7, 1)
    assert found.weights["TaintToleration"] == 3


def test_overriding_comes_first_and_keeps_its_own_order():
    found = profile_of(profile("filter", enabled=["NodePorts", "NodeName"]))
    assert names(found.filter)[:3] == ["NodePorts", "NodeName", "NodeUnschedulable"]
    assert len(found.filter) == len(default_profile().filter)


def test_disabling():
    gone = profile_of(profile(disabled=["TaintToleration"]))
    assert "TaintToleration" not in [*names(gone.filter), *names(gone.score)]
    no_score = profile_of(profile("score", disabled=["TaintToleration"]))
    assert "TaintToleration" in names(no_score.filter)
    assert "TaintToleration" not in names(no_score.score)
    assert names(profile_of(profile("score", ["ImageLocality"], ["*"])).score) == ["ImageLocality"]
    only = profile_of(profile(enabled=["PrioritySort", "DefaultBinder"], disabled=["*"]))
    assert names(only.plugins) == ["PrioritySort", "DefaultBinder"]


def test_a_disabled_plugin_can_be_enabled_at_one_point():
    found = profile_of({"plugins": {
        "multiPoint": {"disabled": [{"name": "TaintToleration"}]}, "filter": {"enabled": [{"name": "TaintToleration"}]},
    }})
    assert names(found.filter)[-1] == "TaintToleration"
    assert "TaintToleration" not in names(found.score)


def test_arguments():
    curve = {"type": "RequestedToCapacityRatio", "requestedToCapacityRatio": {
        "shape": [{"utilization": 0, "score": 0}, {"utilization": 100, "score": 10}],
    }, "resources": [{"name": "cpu", "weight": 3}, {"name": "memory"}]}
    fit = configured("NodeResourcesFit", scoringStrategy=curve, ignoredResources=["example.com/a"]).plugin("NodeResourcesFit")
    assert fit.args.strategy == "RequestedToCapacityRatio"
    assert fit.args.shape == ((0, 0), (100, 10))
    assert fit.args.resources == (("cpu", 3), ("memory", 1))
    assert fit.args.ignored_resources == {"example.com/a"}
    balanced = configured("NodeResourcesBalancedAllocation", resources=[{"name": "memory"}])
    assert balanced.plugin("NodeResourcesBalancedAllocation").weights == (("memory", 1),)
    assert configured("InterPodAffinity", hardPodAffinityWeight=0).plugin("InterPodAffinity").hard_weight == 0
    assert configured("VolumeBinding", bindTimeoutSeconds=5).plugin("VolumeBinding").bind_timeout == 5000


def test_the_share_of_nodes():
    found = profiles_of({"percentageOfNodesToScore": 30, "profiles": [
        {"schedulerName": "a"}, {"schedulerName": "b", "percentageOfNodesToScore": 0},
    ]})
    assert [each.percentage_of_nodes_to_score for each in found.by_name.values()] == [30, 0]


# --- added affinity --------------------------------------------------------------------------------------------------

SSD = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
NODES = [node("a"), node("b", labels={"disk": "ssd"})]


def test_added_affinity_is_enforced():
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [SSD]}}
    enforcing = configured("NodeAffinity", addedAffinity=required)
    found = decision(pod(), NODES, profile=enforcing)
    assert found.feasible == ("b",)
    assert found.verdict("a").status.reasons == (ENFORCED,)
    assert decision(pod(nodeSelector={"disk": "hdd"}), NODES, profile=enforcing).outcome is Outcome.UNSCHEDULABLE


def test_added_preferences_count():
    preferred = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": SSD}]}
    found = decision(pod(), NODES, profile=configured("NodeAffinity", addedAffinity=preferred))
    assert (found.chosen, found.verdict("b").scores["NodeAffinity"].normalized) == ("b", 100)


@pytest.mark.parametrize("term", [{"weight": 1}, {"preference": {}}, {"preference": {"matchExpressions": []}, "weight": 1}])
def test_added_preferences_that_say_nothing(term):
    preferred = {"preferredDuringSchedulingIgnoredDuringExecution": [term]}
    found = decision(pod(), NODES, profile=configured("NodeAffinity", addedAffinity=preferred))
    assert found.best == decision(pod(), NODES).best


# --- plugins without their notes -------------------------------------------------------------------------------------


def test_a_filter_without_its_pre_filter_is_an_error():
    found = decision(pod(), NODES, profile=profile_of(profile("preFilter", disabled=["NodeResourcesFit"])))
    message = 'running "NodeResourcesFit" filter plugin: error reading "PreFilterNodeResourcesFit" from cycleState: not found'
    assert (found.outcome, found.message, found.rejectors) == (Outcome.ERROR, message, ())


def test_node_affinity_filters_without_notes():
    found = decision(pod(), NODES, profile=profile_of(profile("preFilter", disabled=["NodeAffinity"])))
    assert found.outcome is Outcome.SCHEDULED


def test_a_score_without_its_pre_score_is_an_error():
    without = profile_of(profile("preScore", disabled=["TaintToleration"]))
    assert decision(pod(), NODES, profile=without).outcome is Outcome.ERROR
    assert decision(pod(), NODES[:1], profile=without).outcome is Outcome.SCHEDULED


# --- validation ------------------------------------------------------------------------------------------------------


def complaints(*profiles, **more):
    document = default({**standard(), "profiles": list(profiles), **more})
    return [str(each) for each in configuration_errors(document, None)]


def arguments(plugin, **args):
    return complaints({"pluginConfig": [{"name": plugin, "args": args}]})


def test_the_standard_configuration_is_valid():
    assert configuration_errors(default(standard()), None) == []
    assert complaints() == []


@pytest.mark.parametrize(("fields", "complaint"), [
    ({"percentageOfNodesToScore": 101}, "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]"),
    ({"podInitialBackoffSeconds": 0}, "podInitialBackoffSeconds: Invalid value: 0: must be greater than 0"),
    ({"podInitialBackoffSeconds": 5, "podMaxBackoffSeconds": 4},
     "podMaxBackoffSeconds: Invalid value: 4: must be greater than or equal to PodInitialBackoffSeconds"),
    ({"parallelism": 0}, "parallelism: Invalid value: 0: should be an integer value greater than zero"),
    ({"metadata": {"name": "mine"}}, 'metadata.name: Invalid value: "mine": must be "default"'),
    ({"extenders": [{}]}, "extenders: Forbidden: a simulated cluster has no web hooks to call"),
])
def test_fields(fields, complaint):
    assert complaints({}, **fields) == [complaint]


@pytest.mark.parametrize(("profiles", "complaint"), [
    ([{"schedulerName": "a"}, {}], "profiles[1].schedulerName: Required value"),
    ([{"schedulerName": "a"}, {"schedulerName": "a"}],
     'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"'),
    ([{"percentageOfNodesToScore": -1}], "profiles[0].percentageOfNodesToScore: Invalid value: -1: not in valid range [0-100]"),
    ([profile("filter", ["CinderLimits"])],
     'profiles[0].plugins.filter.enabled[0]: Invalid value: "CinderLimits": was invalid in version '
     '"kubescheduler.config.k8s.io/v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")'),
    ([profile("filter", ["Nope"])],
     'profiles[0].plugins: Invalid value: "default-scheduler": FilterPlugin "Nope" does not exist'),
    ([profile("score", ["NodeName"])],
     'profiles[0].plugins: Invalid value: "default-scheduler": plugin "NodeName" does not extend ScorePlugin plugin'),
    ([profile("filter", ["NodeName", "NodeName"])],
     'profiles[0].plugins: Invalid value: "default-scheduler": plugin "NodeName" already registered as "FilterPlugin"'),
    ([profile("queueSort", disabled=["*"])],
     'profiles[0].plugins: Invalid value: "default-scheduler": only one queue sort plugin required for profile with '
     'scheduler name "default-scheduler", but got 0'),
    ([profile(disabled=["DefaultBinder"])],
     'profiles[0].plugins: Invalid value: "default-scheduler": at least one bind plugin is needed for profile with '
     'scheduler name "default-scheduler"'),
])
def test_profiles(profiles, complaint):
    assert complaints(*profiles) == [complaint]


@pytest.mark.parametrize(("plugin", "args", "complaint"), [
    ("InterPodAffinity", {"hardPodAffinityWeight": 101},
     "hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]"),
    ("DefaultPreemption", {"minCandidateNodesAbsolute": -1},
     "minCandidateNodesAbsolute: Invalid value: -1: not in valid range [0, inf)"),
    ("NodeResourcesBalancedAllocation", {"resources": [{"name": "cpu", "weight": 2}]},
     "resources[0].weight: Invalid value: 2: must be 1"),
    ("NodeResourcesFit", {"scoringStrategy": {"type": "Best"}},
     'scoringStrategy.type: Unsupported value: "Best": supported values: "LeastAllocated", "MostAllocated", '
     '"RequestedToCapacityRatio"'),
    ("NodeResourcesFit", {"scoringStrategy": {"type": "RequestedToCapacityRatio"}},
     "scoringStrategy.requestedToCapacityRatio: Required value: must be specified when type is RequestedToCapacityRatio"),
    ("NodeResourcesFit", {"scoringStrategy": {"type": "RequestedToCapacityRatio", "requestedToCapacityRatio": {
        "shape": [{"utilization": 50, "score": 1}, {"utilization": 50, "score": 2}]}}},
     "scoringStrategy.requestedToCapacityRatio.shape[1].utilization: Invalid value: 50: "
     "values must be sorted in increasing order"),
    ("NodeResourcesFit", {"scoringStrategy": {"type": "MostAllocated", "resources": [{"name": "cpu", "weight": 101}]}},
     "scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100]"),
    ("NodeResourcesFit", {"ignoredResourceGroups": ["a/b"]},
     """ignoredResourceGroups[0]: Invalid value: "a/b": resource group name can't contain '/'"""),
    ("PodTopologySpread", {"defaultConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]},
     'defaultingType: Invalid value: "System": when .defaultConstraints are not empty'),
    ("PodTopologySpread", {"defaultingType": "List", "defaultConstraints": [
        {"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]},
     "defaultConstraints[0].maxSkew: Invalid value: 0: not in valid range (0, inf)"),
    ("VolumeBinding", {"bindTimeoutSeconds": -1},
     "bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value"),
    ("NodeAffinity", {"addedAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
     "addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: "
     "must have at least one node selector term"),
])
def test_arguments_of_plugins(plugin, args, complaint):
    assert arguments(plugin, **args) == [f"profiles[0].pluginConfig[0].args.{complaint}"]


def test_arguments_of_the_wrong_kind_or_shape():
    assert arguments("NodeAffinity", kind="NodeResourcesFitArgs") == [
        'profiles[0].pluginConfig[0].args: Invalid value: "NodeResourcesFitArgs": args for plugin NodeAffinity were not of '
        "type NodeAffinityArgs.kubescheduler.config.k8s.io, got NodeResourcesFitArgs.kubescheduler.config.k8s.io"
    ]
    assert arguments("NodeResourcesFit", strategy="x") == [
        'profiles[0].pluginConfig[0].args: Invalid value: "NodeResourcesFit": decoding args for plugin NodeResourcesFit: '
        'unknown field "strategy"'
    ]


@pytest.mark.parametrize("document", [
    {"profiles": None}, {"profiles": [None]}, {"profiles": [{"plugins": None, "pluginConfig": None}]},
    {"profiles": [{"plugins": {"filter": None, "score": {"enabled": None, "disabled": [None]}}}]},
    {"profiles": [{"pluginConfig": [{"name": "NodeResourcesFit", "args": {"scoringStrategy": None}}]}]},
    {"percentageOfNodesToScore": None, "podMaxBackoffSeconds": None},
])
def test_nulls_are_nothing(document):
    cleaned = default({**standard(), **document})
    assert configuration_errors(cleaned, None) == []
    assert "default-scheduler" in profiles_of(cleaned).by_name


def test_arguments_for_nobody_count_for_nothing():
    document = default({**standard(), "profiles": [{"pluginConfig": [{"args": {"x": 1}}, {"name": "Nobody", "args": {}}]}]})
    assert configuration_errors(document, None) == []
    same(profiles_of(document).by_name["default-scheduler"], default_profile())


@pytest.mark.parametrize("document", [
    {"profiles": [{"plugins": {"filter": {"enabled": [{}]}}}]}, {"profiles": [{"pluginConfig": [{}, {}]}]},
])
def test_missing_names_are_refused(document):
    assert configuration_errors(default({**standard(), **document}), None)


# --- in a cluster ----------------------------------------------------------------------------------------------------




def test_the_object_in_a_new_cluster():
    console = Console(new_cluster(()))
    text = console.run("get kubeschedulerconfiguration").stdout
    assert text.split()[:5] == ["NAME", "PROFILES", "AGE", "default", "default-scheduler"]
    assert "kubescheduler.config.k8s.io/v1" in console.run("api-resources").stdout
    assert "profiles" in console.run("explain kubeschedulerconfiguration").stdout


def test_nonsense_is_refused():
    cluster = cluster_with({})
    with cluster.act() as api, pytest.raises(APIError, match=r"must be greater than 0"):
        api.update({**api.get(RESOURCE, "", "default"), "podInitialBackoffSeconds": 0})
    with cluster.act() as api, pytest.raises(APIError, match=r'unknown field "profiles\[0\].plugin"'):
        found = api.get(RESOURCE, "", "default")
        api.update({**found, "profiles": [{"plugin": {}}]}, field_validation="Strict")


def test_a_change_counts_at_once():
    cluster = cluster_with(profile(disabled=["NodeResourcesFit"]))
    add_node(cluster, "a")
    add_pod(cluster, "large", container(cpu="8"))
    cluster.until_quiet()
    assert node_of(cluster, "large") == "a"
    with cluster.act() as api:
        api.update({**api.get(RESOURCE, "", "default"), "profiles": []})
    add_pod(cluster, "p", container(cpu="8"))
    cluster.until_quiet()
    assert scheduled_condition(cluster)["reason"] == "Unschedulable"


def test_waiting_pods_are_tried_with_the_new_configuration():
    cluster = cluster_with({})
    add_node(cluster, "a")
    add_pod(cluster, "p", container(cpu="8"))
    add_pod(cluster, "other", schedulerName="mine")
    cluster.until_quiet()
    assert (node_of(cluster), node_of(cluster, "other")) == (None, None)
    with cluster.act() as api:
        lenient = {"schedulerName": "default-scheduler", **profile(disabled=["NodeResourcesFit"])}
        api.update({**api.get(RESOURCE, "", "default"), "profiles": [lenient, {"schedulerName": "mine"}]})
    cluster.until_quiet()
    assert (node_of(cluster), node_of(cluster, "other")) == ("a", "a")


def test_without_the_object_the_default_profile_counts():
    cluster = cluster_with(profile(disabled=["NodeResourcesFit"]))
    with cluster.act() as api:
        api.delete(RESOURCE, "", "default")
    add_node(cluster, "a")
    add_pod(cluster, "p", container(cpu="8"))
    cluster.until_quiet()
    assert node_of(cluster) is None


def test_backoff_follows_the_configuration():
    cluster = cluster_with({}, podInitialBackoffSeconds=60, podMaxBackoffSeconds=60)
    add_pod(cluster, "p")
    cluster.advance(55_000)
    add_node(cluster, "a")
    cluster.advance(1000)
    assert node_of(cluster) is None
    cluster.advance(10_000)
    assert node_of(cluster) == "a"


def test_each_profile_reports_under_its_own_name():
    cluster = cluster_with({"schedulerName": "default-scheduler"}, {"schedulerName": "mine"})
    add_node(cluster, "a")
    add_pod(cluster, "low", container(cpu="4"))
    cluster.until_quiet()
    add_pod(cluster, "high", container(cpu="4"), schedulerName="mine", priorityClassName="system-cluster-critical")
    cluster.advance(1000)
    reporters = {(event["reason"], event["involvedObject"]["name"]): event for event in cluster.api.list("events")}
    assert {key: event["reportingComponent"] for key, event in reporters.items()} == {
        ("Scheduled", "low"): "default-scheduler", ("FailedScheduling", "high"): "mine", ("Preempted", "low"): "mine",
    }
    assert all(event["action"] and event["eventTime"] for event in reporters.values())
