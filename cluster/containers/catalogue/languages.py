"""Interpreters and compilers: without a program they end at once, as a prompt without a terminal does."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.containers.image import MIB, Image, Work, words

_SLOW = Work(cpu=8_000, waits=5, memory=512 << 10, at_once=40)


def _language(
    size: int, programs: str, cmd: str, memory: int, env: Mapping[str, str], newest: tuple[int, int] | None = None
) -> Image:
    return Image(
        size, programs=words(programs), newest=newest, cmd=(cmd,), has_bash=True, memory=memory, env=env, work=_SLOW,
    )


IMAGES = {
    "python": _language(
        366_401_993, "python python3 pip gunicorn uvicorn flask", "python3", 12 * MIB, {"PYTHON_VERSION": "3.14.0"}, (3, 15)
    ),
    "node": _language(411_722_848, "node npm npx yarn", "node", 40 * MIB, {"NODE_VERSION": "24.11.0"}),
    "golang": _language(296_330_117, "go", "bash", 8 * MIB, {"GOPATH": "/go"}).but(workdir="/go"),
    "ruby": _language(394_871_526, "ruby irb bundle rails", "irb", 20 * MIB, {"GEM_HOME": "/usr/local/bundle"}),
    "perl": _language(355_904_412, "perl", "perl5", 8 * MIB, {}).but(workdir="/usr/src/app"),
    "php": _language(189_712_336, "php php-fpm apache2-foreground", "php", 16 * MIB, {"PHP_INI_DIR": "/usr/local/etc/php"}),
    "openjdk": _language(244_803_775, "java javac jshell", "jshell", 60 * MIB, {"JAVA_HOME": "/usr/local/openjdk"}),
    "eclipse-temurin": _language(226_417_081, "java javac jshell", "jshell", 60 * MIB, {"JAVA_HOME": "/opt/java/openjdk"}),
}
