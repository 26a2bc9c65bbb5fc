"""Which tools lie in which userland."""

from __future__ import annotations

from cluster.containers.image import words

BUSYBOX_TOOLS = words(
    """
    sh ash [ awk base64 basename busybox cat chgrp chmod chown clear cmp cp cut date dd df diff dirname dmesg dos2unix
    du echo egrep env expr false fgrep find fold free getopt grep gunzip gzip head hexdump hostid hostname httpd id
    ifconfig ip kill killall less ln logger ls md5sum mkdir mkfifo mktemp more mount mountpoint mv nc netstat nice nl
    nohup nproc nslookup od paste pgrep pidof ping pkill printenv printf ps pwd readlink realpath renice reset rev rm
    rmdir route sed seq sha1sum sha256sum sha512sum shuf sleep sort split stat strings stty su sync tac tail tar tee
    telnet test time timeout top touch tr traceroute true truncate tty umount uname uniq unlink uptime usleep vi watch
    wc wget which who whoami xargs yes zcat
    """
)
# Every GNU system: coreutils, grep, sed, awk, findutils, util-linux.
GNU_TOOLS = words(
    """
    sh [ awk base64 basename cat chgrp chmod chown clear cmp cp cut date dd df diff dirname du echo egrep env expr false
    fgrep find fold getopt grep gunzip gzip head hostname id kill ln ls md5sum mkdir mkfifo mktemp more mount mountpoint
    mv nice nl nohup nproc od paste perl printenv printf pwd readlink realpath rev rm rmdir sed seq sha1sum sha256sum
    sha512sum shuf sleep sort split stat stdbuf stty sync tac tail tar tee test timeout touch tr true truncate tty
    umount uname uniq unlink wc which whoami xargs yes zcat
    """
)
DEBIAN_TOOLS = words("dash apt apt-get dpkg bash")
UBUNTU_TOOLS = words("dash apt apt-get dpkg bash free pgrep pkill ps top uptime watch pidof")
_DEVELOPMENT = words("curl wget git ps top free pgrep pkill uptime watch")
# What single images bring along besides.
EXTRAS = {
    "fedora": words("bash curl dnf rpm free ps top uptime"),
    "nginx": words("curl"),
    "alpine": words("apk"),
    "curlimages/curl": words("curl"),
    "python": _DEVELOPMENT,
    "node": _DEVELOPMENT,
    "ruby": _DEVELOPMENT,
    "perl": _DEVELOPMENT | {"perl5"},
    "golang": _DEVELOPMENT,
    "php": words("curl"),
    "wordpress": words("curl"),
    "nicolaka/netshoot": words("curl dig host bash zsh"),
    "registry.k8s.io/e2e-test-images/agnhost": words("curl dig nslookup"),
}
