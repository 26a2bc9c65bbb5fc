"""Which tools lie in which userland."""

from __future__ import annotations

BUSYBOX_TOOLS = tuple(
    "sh ash [ awk base64 basename busybox cat chgrp chmod chown clear cmp cp cut date dd df diff dirname dmesg dos2unix du echo egrep "
    "env expr false fgrep find fold free getopt grep gunzip gzip head hexdump hostid hostname httpd id ifconfig ip kill killall less "
    "ln logger ls md5sum mkdir mkfifo mktemp more mount mountpoint mv nc netstat nice nl nohup nproc nslookup od paste pgrep pidof ping "
    "pkill printenv printf ps pwd readlink realpath renice reset rev rm rmdir route sed seq sha1sum sha256sum sha512sum shuf sleep "
    "sort split stat strings stty su sync tac tail tar tee telnet test time timeout top touch tr traceroute true truncate tty umount "
    "uname uniq unlink uptime usleep vi watch wc wget which who whoami xargs yes zcat".split()
)
# Every GNU system: coreutils, grep, sed, awk, findutils, util-linux.
GNU_TOOLS = tuple(
    "sh [ awk base64 basename cat chgrp chmod chown clear cmp cp cut date dd df diff dirname du echo egrep env expr false fgrep find "
    "fold getopt grep gunzip gzip head hostname id kill ln ls md5sum mkdir mkfifo mktemp more mount mountpoint mv nice nl nohup nproc "
    "od paste perl printenv printf pwd readlink realpath rev rm rmdir sed seq sha1sum sha256sum sha512sum shuf sleep sort split stat "
    "stdbuf stty sync tac tail tar tee test timeout touch tr true truncate tty umount uname uniq unlink wc which whoami xargs "
    "yes zcat".split()
)
DEBIAN_TOOLS = ("dash", "apt", "apt-get", "dpkg", "bash")
UBUNTU_TOOLS = ("dash", "apt", "apt-get", "dpkg", "bash", "free", "pgrep", "pkill", "ps", "top", "uptime", "watch", "pidof")
_DEVELOPMENT = ("curl", "wget", "git", "ps", "top", "free", "pgrep", "pkill", "uptime", "watch")
# What single images bring along besides.
EXTRAS = {
    "fedora": ("bash", "curl", "dnf", "rpm", "free", "ps", "top", "uptime"),
    "nginx": ("curl",), "alpine": ("apk",), "curlimages/curl": ("curl",),
    "python": _DEVELOPMENT, "node": _DEVELOPMENT, "ruby": _DEVELOPMENT, "perl": _DEVELOPMENT, "golang": _DEVELOPMENT, "php": ("curl",),
    "wordpress": ("curl",), "mysql": (), "nicolaka/netshoot": ("curl", "dig", "host", "jq", "bash"),
    "registry.k8s.io/e2e-test-images/agnhost": ("curl", "dig", "nslookup"),
}
