"""Clients of stores: redis-cli, mysql, mysqladmin, psql, pg_isready."""

from __future__ import annotations

import json
import re

from cluster.containers.network import Failure, Request, Response
from cluster.containers.programs import options
from cluster.containers.programs.call import Call, Wait, program
from cluster.containers.programs.network import PATIENCE


@program("redis-cli", "valkey-cli")
def redis_cli(call: Call) -> int | Wait:
    """redis-cli [-h host] [-p port] [-a password] COMMAND…; without a command: one per line of the input."""
    found, words = options.parse(
        call, "xci23", "hpanurt", {"raw": "x", "no-auth-warning": "i", "no-raw": "c", "user": "u", "pass": "a"}, in_order=True
    )
    host, port = found.get("h", "127.0.0.1"), options.number(found.get("p", "6379"))
    commands = [words] if words else [line.split() for line in call.read().split("\n") if line.strip()]
    code = 0
    replies = []
    for command in commands[:1_000]:
        headers = {"password": found.get("a", call.env.get("REDISCLI_AUTH", ""))}
        replies.append(
            call.request(Request("redis", host, port, call.now, headers=headers, body=json.dumps(command), timeout=PATIENCE))
        )
    for answer in replies:
        if isinstance(answer, Failure):
            why = {
                "unknown-host": "Name or service not known",
                "refused": "Connection refused",
                "timeout": "Connection timed out",
            }.get(answer.kind)
            call.err(f"Could not connect to Redis at {host}:{port}: {why or 'Connection reset by peer'}\n")
            return 1
        kind, value = json.loads(answer.body)
        call.out(_redis_text(kind, value, call.is_tty) + "\n")
        code = 1 if kind == "err" and not call.is_tty else code
    return 0 if call.is_tty else code


def _redis_text(kind: str, value: object, decorated: bool) -> str:
    if kind == "list" and isinstance(value, list):
        if not value:
            return "(empty array)" if decorated else ""
        return "\n".join(f'{place}) "{item}"' if decorated else str(item or "") for place, item in enumerate(value, 1))
    if kind == "err":
        return f"(error) {value}" if decorated else f"{value}"
    if not decorated:
        return "" if value is None else str(value)
    return {"nil": "(nil)", "int": f"(integer) {value}", "str": f'"{value}"'}.get(kind, str(value))


@program("pg_isready")
def pg_isready(call: Call) -> int | Wait:
    """pg_isready [-h host] [-p port] [-U user]"""
    found, _ = options.parse(
        call, "q", "hpUdt", {"host": "h", "port": "p", "username": "U", "dbname": "d", "quiet": "q", "timeout": "t"}
    )
    host, port = found.get("h", "127.0.0.1"), options.number(found.get("p", "5432"))
    answer = call.request(Request("tcp", host, port, call.now, timeout=3_000))
    shown = f"{found.get('h', '/var/run/postgresql')}:{port}"
    if "q" not in found:
        call.out(f"{shown} - {'accepting connections' if isinstance(answer, Response) else 'no response'}\n")
    return 0 if isinstance(answer, Response) else 2


@program("mysqladmin", "mariadb-admin")
def mysqladmin(call: Call) -> int | Wait:
    """mysqladmin [-h host] [-u user] [-p…] ping|status|version"""
    host, port, user, password, words = _mysql_options(call)
    what = words[0] if words else ""
    answer = call.request(
        Request("mysql", host or "127.0.0.1", port, call.now, "QUERY", "", {"user": user, "password": password}, timeout=PATIENCE)
    )
    if isinstance(answer, Failure):
        call.err(
            f"{call.name}: connect to server at '{host or 'localhost'}' failed\n"
            f"error: '{_mysql_unreachable(host, port, answer)}'\n"
        )
        return 1
    if what == "ping":
        call.out("mysqld is alive\n")
        return 0
    if answer.status:
        call.err(f"{call.name}: connect to server at '{host or 'localhost'}' failed\nerror: '{answer.body.partition(': ')[2]}'\n")
        return 1
    call.out(f"Uptime: {call.now // 1000}  Threads: 1  Questions: 2  Slow queries: 0\n")
    return 0


def _mysql_options(call: Call) -> tuple[str, int, str, str, list[str]]:
    """Host, port, user, password and what is left."""
    args, rest = list(call.args), list[str]()
    host, port, user, password = "", 3306, "root", call.env.get("MYSQL_PWD", "")
    while args:
        word = args.pop(0)
        for short, long in (("-h", "--host"), ("-P", "--port"), ("-u", "--user")):
            if word.startswith(long + "=") or (word.startswith(short) and not word.startswith("--")) or word == long:
                value = word.partition("=")[2] if word.startswith(long + "=") else word[2:] if word != long else ""
                value = value or (args.pop(0) if args else "")
                host, port, user = (
                    (value if short == "-h" else host),
                    (options.number(value) if short == "-P" else port),
                    (value if short == "-u" else user),
                )
                break
        else:
            if word.startswith("--password="):
                password = word[11:]
            elif word.startswith("-p") and not word.startswith("--"):
                password = word[2:]
            else:
                rest.append(word)
    return host, port, user, password, rest


def _mysql_unreachable(host: str, port: int, answer: Failure) -> str:
    if answer.kind == "unknown-host":
        return f"Unknown MySQL server host '{host}' (-2)"
    if not host or host == "localhost":
        return "Can't connect to local MySQL server through socket '/var/run/mysqld/mysqld.sock' (2)"
    number = 111 if answer.kind == "refused" else 110
    return f"Can't connect to MySQL server on '{host}:{port}' ({number})"


@program("mysql", "mariadb")
def mysql(call: Call) -> int | Wait:
    """mysql [-h host] [-u user] [-p…] [-N] [-e SQL] [database]; without -e: what comes from its input."""
    host, port, user, password, rest = _mysql_options(call)
    text, database, bare = None, "", False
    words = list(rest)
    while words:
        word = words.pop(0)
        if word in ("-e", "--execute"):
            text = words.pop(0) if words else ""
        elif word.startswith(("--execute=", "-e")):
            text = word.partition("=")[2] if word.startswith("--") else word[2:]
        elif word in ("-N", "-sN", "-Ns", "--skip-column-names", "-BN", "-NB"):
            bare = True
        elif word == "-D":
            database = words.pop(0) if words else ""
        elif not word.startswith("-"):
            database = word
    sql_text = text if text is not None else call.read()
    answer = call.request(
        Request(
            "mysql",
            host or "127.0.0.1",
            port,
            call.now,
            "QUERY",
            database,
            {"user": user, "password": password},
            json.dumps([sql_text]),
            PATIENCE,
        )
    )
    if isinstance(answer, Failure):
        call.err(
            f"ERROR {2005 if answer.kind == 'unknown-host' else 2002 if not host or host == 'localhost' else 2003} (HY000): "
            f"{_mysql_unreachable(host, port, answer)}\n"
        )
        return 1
    if answer.status:
        call.err(answer.body + "\n")
        return 1
    return _mysql_show(call, json.loads(answer.body), bare)


def _mysql_show(call: Call, result: dict[str, object], bare: bool) -> int:
    sets = result["sets"]
    assert isinstance(sets, list)
    for columns, rows, _ in sets:
        if not columns or not rows:
            continue
        cells = [["NULL" if value is None else str(value) for value in row] for row in rows]
        if not call.is_tty:
            lines = ([] if bare else ["\t".join(columns)]) + ["\t".join(row) for row in cells]
            call.out("\n".join(lines) + "\n")
            continue
        widths = [max(len(column), *(len(row[place]) for row in cells)) for place, column in enumerate(columns)]
        edge = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
        texts = [
            "|" + "|".join(f" {cell:{width}s} " for cell, width in zip(row, widths, strict=True)) + "|"
            for row in [columns, *cells]
        ]
        call.out("\n".join([edge, texts[0], edge, *texts[1:], edge]) + "\n")
    if result["error"]:
        call.err(f"{result['error']}\n")
        return 1
    return 0


@program("psql")
def psql(call: Call) -> int | Wait:
    """psql [-h host] [-U user] [-d database] [-c SQL]… [-t] [-A]; without -c: what comes from its input."""
    commands = [call.args[place + 1] for place, word in enumerate(call.args[:-1]) if re.fullmatch(r"-[tAqX]*c|--command", word)]
    found, words = options.parse(
        call,
        "tAqwWXl",
        "hpUdcfv",
        {
            "host": "h",
            "port": "p",
            "username": "U",
            "dbname": "d",
            "command": "c",
            "tuples-only": "t",
            "no-align": "A",
            "list": "l",
        },
    )
    host, port = found.get("h", "127.0.0.1"), options.number(found.get("p", "5432"))
    user = found.get("U", call.env.get("PGUSER", "root" if call.proc.uid == 0 else "postgres"))
    database = found.get("d") or (words[0] if words else "") or user
    if "l" in found:
        commands = ["\\l"]
    if not commands:
        commands = [call.text(found["f"])] if "f" in found else [call.read()]
    answer = call.request(
        Request("postgres", host, port, call.now, "QUERY", database, {"user": user}, json.dumps(commands), PATIENCE)
    )
    if isinstance(answer, Failure):
        where = (
            "on that host and accepting TCP/IP connections?"
            if "h" in found
            else "locally and accepting connections on that socket?"
        )
        shown = (
            f'on socket "/var/run/postgresql/.s.PGSQL.{port}" failed: No such file or directory'
            if "h" not in found
            else f'at "{host}", port {port} failed: '
            + {"refused": "Connection refused", "timeout": "Connection timed out"}.get(answer.kind, "reset")
        )
        if answer.kind == "unknown-host":
            call.err(f'psql: error: could not translate host name "{host}" to address: Name or service not known\n')
        else:
            call.err(f"psql: error: connection to server {shown}\n\tIs the server running {where}\n")
        return 2
    return _psql_show(call, json.loads(answer.body), found)


def _psql_show(call: Call, result: dict[str, object], found: dict[str, str]) -> int:
    sets = result["sets"]
    assert isinstance(sets, list)
    for columns, rows, tag in sets:
        if not columns:
            if tag and "q" not in found:
                call.out(f"{tag}\n")
            continue
        cells = [["" if value is None else str(value) for value in row] for row in rows]
        if "A" in found:
            call.out("".join("|".join(row) + "\n" for row in ([] if "t" in found else [columns]) + cells))
            if "t" not in found:
                call.out(f"({len(cells)} row{'s' * (len(cells) != 1)})\n")
            continue
        widths = [max([len(column), *(len(row[place]) for row in cells)]) for place, column in enumerate(columns)]
        body = "".join(
            "|".join(
                f" {cell:>{width}s} " if _is_number(cell) else f" {cell:{width}s} "
                for cell, width in zip(row, widths, strict=True)
            ).rstrip()
            + "\n"
            for row in cells
        )
        if "t" in found:
            call.out(body + "\n")
            continue
        head = "|".join(f" {column:^{width}s} " for column, width in zip(columns, widths, strict=True)).rstrip()
        call.out(
            f"{head}\n{'+'.join('-' * (width + 2) for width in widths)}\n{body}({len(cells)} row{'s' * (len(cells) != 1)})\n\n"
        )
    if result["error"]:
        call.err(f"{result['error']}\n")
        return 1
    return 0


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) is not None
