"""How a real kubectl finds a sandbox: the page with the line to paste, the kubeconfig, and a new key for a lost one."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cluster.models import Cluster, new_key
from dashboard import visitors
from dashboard.kubernetes_api import address, kubeconfig
from dashboard.views.sandboxes import name_of

FILE = "clusterscope.yaml"


@never_cache
@require_safe
def access(request: HttpRequest, cluster: str) -> HttpResponse:
    """The line to paste, the file, and the button that makes the old ones useless."""
    own = visitors.own_cluster(request.session, cluster)
    where = request.build_absolute_uri(reverse("kubeconfig", args=[own.api_key]))
    return render(request, "sandbox/kubectl.html", {
        "cluster": own, "name": name_of(own), "section": "sandbox", "file": where,
        "line": f"curl -fsSo {FILE} {where} && export KUBECONFIG=$PWD/{FILE}",
        "server": address(_site(request), own.api_key),
    })


@never_cache
@require_safe
def config(request: HttpRequest, key: str) -> HttpResponse:
    """The kubeconfig; who knows the key needs nothing else."""
    own = Cluster.objects.filter(api_key=key).first()
    if own is None:
        raise Http404("no such key")
    text = kubeconfig(f"sandbox-{own.id[:4]}", address(_site(request), own.api_key))
    headers = {"Content-Disposition": f'attachment; filename="{FILE}"'}
    return HttpResponse(text, content_type="application/yaml", headers=headers)


@require_POST
def revoke(request: HttpRequest, cluster: str) -> HttpResponse:
    """A new key: what was handed out until now opens nothing any more."""
    own = visitors.own_cluster(request.session, cluster)
    own.api_key = new_key()
    own.save(update_fields=["api_key"])
    return redirect("access", own.id)


def _site(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
