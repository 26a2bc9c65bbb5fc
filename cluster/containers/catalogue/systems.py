"""Images that are a system and a shell, and tools."""

from __future__ import annotations

from cluster.containers.image import MIB, Image, words

IMAGES = {
    "busybox": Image(
        2_156_519, programs=words("httpd nc telnet"), newest=(1, 38), cmd=("sh",), system="busybox", memory=1 * MIB, idle_cpu=0,
    ),
    "alpine": Image(
        3_797_225, programs=words("apk nc"), newest=(3, 24), cmd=("/bin/sh",), system="alpine", memory=1 * MIB, idle_cpu=0,
    ),
    "debian": Image(48_479_990, cmd=("bash",), has_bash=True, memory=2 * MIB, idle_cpu=0),
    "ubuntu": Image(29_724_688, cmd=("/bin/bash",), system="ubuntu", has_bash=True, memory=2 * MIB, idle_cpu=0),
    "fedora": Image(68_441_705, cmd=("/bin/bash",), system="fedora", has_bash=True, memory=2 * MIB, idle_cpu=0),
    "centos": Image(83_518_086, cmd=("/bin/bash",), system="fedora", has_bash=True, memory=2 * MIB, idle_cpu=0),
    "rockylinux": Image(66_201_713, cmd=("/bin/bash",), system="rocky", has_bash=True, memory=2 * MIB, idle_cpu=0),
    "curlimages/curl": Image(
        9_140_224, programs=words("curl"), entrypoint=("/entrypoint.sh",), cmd=("curl",), user="curl_user",
        workdir="/home/curl_user", system="alpine", memory=2 * MIB, idle_cpu=0,
    ),
    "nicolaka/netshoot": Image(
        208_417_300, programs=words("nc tcpdump iperf nslookup dig"), cmd=("zsh",), workdir="/root", system="alpine",
        has_bash=True, memory=3 * MIB, idle_cpu=0,
    ),
    "hello-world": Image(
        2_396, has_shell=False, programs=words("/hello"), cmd=("/hello",), system="", memory=1 * MIB,
        idle_cpu=0,
    ),
}
