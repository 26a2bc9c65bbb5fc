"""Django's admin for whoever runs the site: what there is, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from cluster.models import Branch, Cluster, Node, Pod, Resource, Revision, Service, Snapshot


class ReadOnly(admin.ModelAdmin):
    """Rows are made by the worker alone: a change from elsewhere would contradict the journal."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Cluster)
class ClusterAdmin(ReadOnly):
    """The clusters, the last used first. The owner's token is not shown: it is what lets a visitor in."""

    list_display = ("id", "purpose", "branch", "head", "playing", "worker", "used", "created", "trouble")
    list_filter = ("purpose", "playing")
    search_fields = ("id", "worker")
    ordering = ("-used",)
    exclude = ("owner",)


@admin.register(Branch)
class BranchAdmin(ReadOnly):
    """Lines of history."""

    list_display = ("cluster", "number", "parent", "forked_at", "head", "created")
    search_fields = ("cluster__id",)


@admin.register(Revision)
class RevisionAdmin(ReadOnly):
    """The journal, newest first."""

    list_display = ("cluster", "branch", "revision", "at", "actor", "verb", "object", "say")
    list_filter = ("verb",)
    search_fields = ("cluster__id", "actor", "object", "say")
    ordering = ("-id",)
    list_select_related = ("cluster",)
    exclude = ("entry",)  # a blob of the engine


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnly):
    """Kept Worlds."""

    list_display = ("cluster", "branch", "revision")
    search_fields = ("cluster__id",)
    exclude = ("data",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the Worlds themselves, which are large."""
        return super().get_queryset(request).defer("data")


@admin.register(Node)
class NodeAdmin(ReadOnly):
    """Nodes of the present."""

    list_display = ("name", "cluster", "ready", "unschedulable", "taints", "internal_ip", "kubelet_version")
    list_filter = ("ready", "unschedulable")
    search_fields = ("name", "cluster__id")


@admin.register(Pod)
class PodAdmin(ReadOnly):
    """Pods of the present."""

    list_display = ("name", "namespace", "cluster", "status", "ready", "restarts", "node", "pod_ip")
    list_filter = ("phase", "ready")
    search_fields = ("name", "namespace", "node", "cluster__id")


@admin.register(Service)
class ServiceAdmin(ReadOnly):
    """Services of the present."""

    list_display = ("name", "namespace", "cluster", "type", "cluster_ip", "ports")
    list_filter = ("type",)
    search_fields = ("name", "namespace", "cluster__id")


@admin.register(Resource)
class ResourceAdmin(ReadOnly):
    """Every other object of the present."""

    list_display = ("name", "resource", "namespace", "cluster")
    list_filter = ("resource",)
    search_fields = ("name", "namespace", "cluster__id")
