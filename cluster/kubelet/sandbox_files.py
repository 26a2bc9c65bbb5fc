"""The files that every container finds although neither image nor volume brings them: hosts, hostname, resolv.conf.

pkg/kubelet/kubelet_pods.go (managedHostsFileContent), pkg/kubelet/network/dns/dns.go
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster.apiserver.reader import Reader
from cluster.kubelet import downward
from cluster.kubelet.downward import CLUSTER_DOMAIN, Place
from cluster.objects import metadata
from cluster.objects.documents import Document, dig

HOSTS, HOSTNAME, RESOLV_CONF = "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"
# kubeadm's clusterDNS: the tenth address of the Service network. A Service kube-system/kube-dns has it, when there is one.
CLUSTER_DNS = "10.96.0.10"
# The resolver of the machines.
NODE_DNS = "10.0.0.2"
MOST_NAMESERVERS = 3

_HEADER = "# Kubernetes-managed hosts file.\n"
_HOST_HEADER = "# Kubernetes-managed hosts file (host network).\n"
_LOCAL = (
    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
    "fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
)


def files(view: Reader, pod: Document, place: Place) -> dict[str, str]:
    """Path and text of each; one on which a volume is mounted is the caller's to leave out."""
    return {
        HOSTS: _hosts(pod, place),
        HOSTNAME: downward.hostname(pod, place) + "\n",
        RESOLV_CONF: _resolv_conf(view, pod),
    }


def _hosts(pod: Document, place: Place) -> str:
    name, domain = downward.hostname(pod, place), downward.domain(pod)
    if dig(pod, "spec", "hostNetwork"):
        text = f"{_HOST_HEADER}127.0.0.1\tlocalhost\n127.0.1.1\t{place.node}\n"
    elif domain:
        text = f"{_HEADER}{_LOCAL}{place.ip}\t{name}.{domain}\t{name}\n"
    else:
        text = f"{_HEADER}{_LOCAL}{place.ip}\t{name}\n"
    aliases = dig(pod, "spec", "hostAliases", default=[])
    if not aliases:
        return text
    lines = "".join("\t".join([alias["ip"], *(alias.get("hostnames") or [])]) + "\n" for alias in aliases)
    return f"{text}\n# Entries added by HostAliases.\n{lines}"


def _resolv_conf(view: Reader, pod: Document) -> str:
    policy = dig(pod, "spec", "dnsPolicy", default="ClusterFirst")
    on_host = policy == "Default" or (policy == "ClusterFirst" and dig(pod, "spec", "hostNetwork"))
    servers, searches, options = [cluster_dns(view)], search_path(pod), ["ndots:5"]
    if policy == "None":
        servers, searches, options = [], [], []
    elif on_host:
        servers, searches, options = [NODE_DNS], [], []
    own = dig(pod, "spec", "dnsConfig", default={})
    servers = _once([*servers, *(own.get("nameservers") or [])])[:MOST_NAMESERVERS]
    searches = _once([*searches, *(own.get("searches") or [])])
    chosen = {option.partition(":")[0]: option for option in options}
    for option in own.get("options") or []:
        name, value = option.get("name", ""), option.get("value")
        chosen[name] = f"{name}:{value}" if value is not None else name
    lines = [f"search {' '.join(searches)}"] if searches else []
    lines += [f"nameserver {server}" for server in servers]
    lines += [f"options {' '.join(chosen.values())}"] if chosen else []
    return "\n".join(lines) + "\n" if lines else ""


def search_path(pod: Document) -> list[str]:
    """The domains that a short name is tried in."""
    return [f"{metadata.namespace(pod)}.svc.{CLUSTER_DOMAIN}", f"svc.{CLUSTER_DOMAIN}", CLUSTER_DOMAIN]


def cluster_dns(view: Reader) -> str:
    """The address of the cluster's DNS."""
    service = view.world.row("services", ("kube-system", "kube-dns"))
    return str(dig(service, "spec", "clusterIP") or CLUSTER_DNS)


def _once(words: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(words))
