"""Files that no tree holds: devices, /proc, /sys/fs/cgroup, and what the runtime puts into /etc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.containers.files import DIRECTORY, File
from cluster.containers.view import DEVICES

if TYPE_CHECKING:
    from cluster.containers.kernel import Kernel

_DIRECTORY = File(DIRECTORY, "", 0o755)
_DEVICE = File("file", "", 0o666)
_STREAMS = frozenset(
    {
        "/dev/stdin",
        "/dev/stdout",
        "/dev/stderr",
        "/dev/fd/0",
        "/dev/fd/1",
        "/dev/fd/2",
        "/proc/self/fd/0",
        "/proc/self/fd/1",
        "/proc/self/fd/2",
        "/proc/1/fd/1",
        "/proc/1/fd/2",
    }
)
_DIRECTORIES = frozenset(
    {
        "/dev",
        "/dev/fd",
        "/dev/pts",
        "/proc",
        "/proc/self",
        "/proc/self/fd",
        "/proc/sys",
        "/proc/net",
        "/sys",
        "/sys/fs",
        "/sys/fs/cgroup",
    }
)
_MEMORY = 8 << 30


def entry(kernel: Kernel, container: str, path: str) -> File | None:
    """What lies at a path that the kernel or the runtime provides; None when it does not."""
    if path.startswith("/dev/"):
        if path[5:] in DEVICES or path in _STREAMS:
            return _DEVICE
        return _DIRECTORY if path in _DIRECTORIES else None
    if path in _DIRECTORIES:
        return _DIRECTORY
    if path.startswith("/etc/"):
        text = _etc(kernel, container, path)
        return File("file", text, 0o644) if text is not None else None
    if path.startswith("/proc/"):
        text = _proc(kernel, container, path[6:])
        if text is None:
            pid = path[6:].partition("/")
            known = pid[0].isdecimal() and any(
                p.pid == int(pid[0][:9]) for p in kernel.procs.values() if p.container == container
            )
            return (_DIRECTORY if not pid[2] else _DEVICE if path in _STREAMS else None) if known else None
        return File("file", text, 0o444)
    if path.startswith("/sys/fs/cgroup/"):
        text = _cgroup(kernel, container, path[15:])
        return File("file", text, 0o644) if text is not None else None
    return None


def names(kernel: Kernel, container: str, path: str) -> set[str]:
    """The names that the kernel or the runtime adds to a directory."""
    if path == "/":
        return {"dev", "proc", "sys", "etc"}
    if path == "/etc":
        return {name for name in ("hostname", "hosts", "resolv.conf") if entry(kernel, container, f"/etc/{name}") is not None}
    if path == "/dev":
        return {*DEVICES, "fd", "pts", "shm", "stdin", "stdout", "stderr"}
    if path == "/proc":
        pids = {str(proc.pid) for proc in kernel.procs.values() if proc.container == container}
        return {*pids, "cpuinfo", "loadavg", "meminfo", "mounts", "net", "self", "stat", "sys", "uptime", "version"}
    if path == "/sys":
        return {"fs"}
    if path == "/sys/fs":
        return {"cgroup"}
    if path == "/sys/fs/cgroup":
        return {"cpu.max", "cpu.stat", "memory.current", "memory.max", "pids.current"}
    return set()


def _etc(kernel: Kernel, container: str, path: str) -> str | None:
    if any(mount[0] in (path, "/etc") for mount in kernel.view(container).mounts):
        return None
    sandbox = kernel.sandbox
    if path == "/etc/hostname":
        return f"{sandbox['hostname']}\n"
    if path == "/etc/hosts":
        lines = [
            "# Kubernetes-managed hosts file.",
            "127.0.0.1\tlocalhost",
            "::1\tlocalhost ip6-localhost ip6-loopback",
            "fe00::0\tip6-localnet",
            "fe00::0\tip6-mcastprefix",
            "fe00::1\tip6-allnodes",
            "fe00::2\tip6-allrouters",
            f"{sandbox['ip']}\t{sandbox['hostname']}",
        ]
        if sandbox["hosts"]:
            lines += ["", "# Entries added by HostAliases.", *(f"{address}\t{named}" for address, named in sandbox["hosts"])]
        return "\n".join(lines) + "\n"
    if path == "/etc/resolv.conf":
        searches = " ".join(sandbox["searches"])
        return (f"search {searches}\n" if searches else "") + f"nameserver {sandbox['nameserver']}\noptions ndots:5\n"
    return None


def _proc(kernel: Kernel, container: str, name: str) -> str | None:
    seconds = kernel.now // 1_000_000
    if name in ("uptime", "loadavg", "version", "meminfo", "cpuinfo", "mounts", "self/mounts"):
        used = sum(proc.memory for proc in kernel.procs.values())
        mounts = "".join(
            f"{volume.rpartition('/')[2]} {path} {'tmpfs' if memory else 'ext4'} {'ro' if read_only else 'rw'},relatime 0 0\n"
            for path, volume, _, read_only, memory in kernel.runs[container].get("mounts", ())
        )
        return {
            "uptime": f"{seconds}.00 {seconds}.00\n",
            "loadavg": "0.00 0.00 0.00 1/100 1\n",
            "version": "Linux version 6.12.0 (clusterscope) #1 SMP\n",
            "meminfo": f"MemTotal:       {_MEMORY >> 10:8d} kB\nMemFree:        {(_MEMORY - used) >> 10:8d} kB\n"
            f"MemAvailable:   {(_MEMORY - used) >> 10:8d} kB\n",
            "cpuinfo": "".join(f"processor\t: {number}\nmodel name\t: clusterscope virtual CPU\n\n" for number in range(2)),
        }.get(
            name,
            "overlay / overlay rw,relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n"
            "tmpfs /dev tmpfs rw,nosuid,size=65536k,mode=755 0 0\n" + mounts,
        )
    pid, _, what = name.partition("/")
    if not pid.isdecimal() or what not in ("cmdline", "comm", "status", "environ"):
        return None
    proc = next((p for p in kernel.procs.values() if p.container == container and p.pid == int(pid[:9])), None)
    if proc is None:
        return None
    if what == "cmdline":
        return "\0".join(proc.argv) + "\0"
    if what == "comm":
        return proc.argv[0].rpartition("/")[2][:15] + "\n"
    if what == "environ":
        return "".join(f"{key}={value}\0" for key, value in kernel.environment(proc).items())
    state = "R (running)" if proc.busy >= 0 else "S (sleeping)"
    name = proc.argv[0].rpartition("/")[2][:15]
    return f"Name:\t{name}\nState:\t{state}\nPid:\t{proc.pid}\nUid:\t{proc.uid}\nVmRSS:\t{proc.memory >> 10:8d} kB\n"


def _cgroup(kernel: Kernel, container: str, name: str) -> str | None:
    run = kernel.runs[container]
    limit, cpu = run.get("memory_limit"), run.get("cpu_limit")
    count = sum(proc.container == container for proc in kernel.procs.values())
    texts = {
        "memory.max": f"{limit if limit is not None else 'max'}\n",
        "memory.current": f"{kernel.memory(container)}\n",
        "cpu.max": f"{cpu * 100 if cpu is not None else 'max'} 100000\n",
        "cpu.stat": "usage_usec 0\nnr_throttled 0\n",
        "pids.current": f"{count}\n",
    }
    return texts.get(name)
