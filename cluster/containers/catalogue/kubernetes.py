"""Kubernetes' own parts, when they run as Pods."""

from __future__ import annotations

from cluster.containers.image import GRACEFUL, KIB, MIB, SECOND, Image, Work, words


def _part(size: int, ports: tuple[int, ...], start: int, program: str, memory: int, cpu: int) -> Image:
    return Image(
        size, ports, True, start, programs=words(program), has_shell=False, system="", memory=memory, idle_cpu=cpu,
        start_cpu=start // 2,
    )


IMAGES = {
    "registry.k8s.io/pause": Image(
        321_520, None, True, 10, GRACEFUL, programs=words("/pause"), has_shell=False, system="", entrypoint=("/pause",),
        user="65535:65535", memory=200 * KIB, idle_cpu=0,
    ),
    "registry.k8s.io/coredns/coredns": _part(22_384_805, (53, 8080, 8181, 9153), 300, "/coredns", 16 * MIB, 2).but(
        stop_code=GRACEFUL, entrypoint=("/coredns",), work=Work(cpu=100, waits=0, memory=8 * KIB, at_once=1_000),
        log=((200, ".:53"), (210, "CoreDNS-1.12")),
    ),
    "registry.k8s.io/etcd": _part(23_641_797, (2379, 2380, 2381), 800, "etcd", 45 * MIB, 20).but(programs=words("etcd etcdctl")),
    "registry.k8s.io/kube-apiserver": _part(27_100_304, (6443,), 2 * SECOND, "kube-apiserver", 240 * MIB, 45),
    "registry.k8s.io/kube-controller-manager": _part(22_820_214, (10257,), 900, "kube-controller-manager", 50 * MIB, 15),
    "registry.k8s.io/kube-scheduler": _part(17_382_979, (10259,), 700, "kube-scheduler", 20 * MIB, 4),
    "registry.k8s.io/kube-proxy": _part(25_963_718, (10249, 10256), 300, "/usr/local/bin/kube-proxy", 15 * MIB, 1).but(
        has_shell=True, system="debian",
    ),
    "registry.k8s.io/metrics-server/metrics-server": _part(19_690_116, (10250,), 900, "/metrics-server", 20 * MIB, 4).but(
        entrypoint=("/metrics-server",), user="65534",
    ),
    "registry.k8s.io/ingress-nginx/controller": Image(
        105_774_990, (80, 443, 10254), True, 2 * SECOND, GRACEFUL, programs=words("/nginx-ingress-controller"), system="alpine",
        entrypoint=("/usr/bin/dumb-init", "--"), cmd=("/nginx-ingress-controller",), user="www-data", memory=90 * MIB, idle_cpu=3,
        start_cpu=800,
    ),
    "ghcr.io/flannel-io/flannel": Image(
        31_014_908, None, True, 300, GRACEFUL, programs=words("/opt/bin/flanneld"), system="alpine",
        entrypoint=("/opt/bin/flanneld",), memory=14 * MIB, idle_cpu=2,
    ),
}
