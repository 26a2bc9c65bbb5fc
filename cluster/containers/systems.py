"""The root file systems of what images are built on: directories and the few files that people look at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from cluster.containers.image import Image

DIRECTORIES = (
    "/bin", "/dev", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp",
    "/usr/bin", "/usr/lib", "/usr/local/bin", "/usr/sbin", "/usr/share", "/var/cache", "/var/lib", "/var/log", "/var/tmp",
)
BUSYBOX_DIRECTORIES = ("/bin", "/dev", "/etc", "/home", "/proc", "/root", "/sys", "/tmp", "/usr/sbin", "/var/spool", "/var/www")

# system: (NAME, ID, VERSION_ID, PRETTY_NAME) of /etc/os-release
RELEASES: Mapping[str, tuple[str, str, str, str]] = {
    "debian": ("Debian GNU/Linux", "debian", "13", "Debian GNU/Linux 13 (trixie)"),
    "ubuntu": ("Ubuntu", "ubuntu", "24.04", "Ubuntu 24.04 LTS"),
    "alpine": ("Alpine Linux", "alpine", "3.22.2", "Alpine Linux v3.22"),
    "fedora": ("Fedora Linux", "fedora", "43", "Fedora Linux 43 (Container Image)"),
    "rocky": ("Rocky Linux", "rocky", "9.6", "Rocky Linux 9.6 (Blue Onyx)"),
}
USERS: Mapping[str, int] = {
    "nginx": 101, "mysql": 999, "postgres": 999, "redis": 999, "memcache": 11211, "haproxy": 99, "jetty": 999, "curl_user": 100,
    "www-data": 33, "nobody": 65534,
}


def directories(image: Image) -> tuple[str, ...]:
    """The directories that lie in an image's root file system besides those of its files."""
    if not image.system:
        return ()
    return BUSYBOX_DIRECTORIES if image.system == "busybox" else DIRECTORIES


@lru_cache(maxsize=256)
def files(image: Image) -> Mapping[str, str]:
    """Every file with content in an image's root file system: path -> text."""
    return {**_system_files(image), **image.files}


def _system_files(image: Image) -> Mapping[str, str]:
    if not image.system:
        return {}
    shell = "/bin/bash" if image.has_bash else "/bin/sh"
    names = [name for name in (image.user.partition(":")[0],) if name in USERS]
    users = "".join(f"{name}:x:{USERS[name]}:{USERS[name]}::/:/sbin/nologin\n" for name in names)
    groups = "".join(f"{name}:x:{USERS[name]}:\n" for name in names)
    found = {"/etc/passwd": f"root:x:0:0:root:/root:{shell}\n{users}", "/etc/group": f"root:x:0:\n{groups}"}
    if image.system in RELEASES:
        name, key, version, pretty = RELEASES[image.system]
        text = f'PRETTY_NAME="{pretty}"\nNAME="{name}"\nVERSION_ID="{version}"\nID={key}\n'
        found["/etc/os-release"] = text
    if image.system == "alpine":
        found["/etc/alpine-release"] = RELEASES["alpine"][2] + "\n"
    if image.system == "debian":
        found["/etc/debian_version"] = "13.1\n"
    return found
