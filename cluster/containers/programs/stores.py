"""Redis, MySQL and PostgreSQL as far as learners talk to them: their data, kept in their directory or lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cluster.containers.files import FileError
from cluster.containers.network import Request, Response
from cluster.containers.programs import sql
from cluster.containers.programs.call import Call
from cluster.containers.software import Server

MOST_KEYS = 10_000
MOST_VALUE = 64 << 10
_DUMPS = {"redis": "dump.rdb", "mysql": "ibdata1", "postgres": "PG_DATA"}

Reply = list[Any]  # [kind, value]: ok, str, int, nil, list, err


def load(call: Call, server: Server) -> None:
    """Read what lies in the server's directory."""
    if server.protocol not in _DUMPS:
        return
    call.memo["data"] = {}
    try:
        text = call.view.read(call.view.resolve(_path(call, server)))
        found = json.loads(text)
    except (FileError, ValueError):
        if server.protocol != "redis":
            call.memo["data"] = sql.fresh(server.protocol, call.env)
            save(call, server)
        return
    if isinstance(found, dict):
        call.memo["data"] = found


def save(call: Call, server: Server) -> None:
    """Write the data to the server's directory; Redis does so when it ends, unless it has nothing."""
    data = call.memo.get("data")
    if server.protocol not in _DUMPS or data is None or (server.protocol == "redis" and not data):
        return
    path = _path(call, server)
    try:
        view = call.view
        view.write(view.resolve(path), json.dumps(data, sort_keys=True), uid=call.proc.uid)
    except FileError as error:
        call.err(f"Failed opening the temp file for saving: {error}\n")


def _path(call: Call, server: Server) -> str:
    folder = server.data or "/data"
    if server.protocol == "postgres":
        folder = call.env.get("PGDATA", folder)
    if server.protocol == "redis" and "--dir" in call.args[:-1]:
        folder = call.args[call.args.index("--dir") + 1]
    return f"{folder}/{_DUMPS[server.protocol]}"


def answer(call: Call, request: Request) -> Response:
    """What a store answers; the reply is JSON."""
    words = json.loads(request.body) if request.body else []
    if request.protocol == "redis":
        return Response(0, {}, json.dumps(_redis(call, [str(word) for word in words], request)))
    refused = _login(call, request)
    if refused:
        return Response(1, {}, refused)
    data = call.memo.get("data", {})
    result = sql.run(data, request.protocol, request.path, ";\n".join(map(str, words)), call)
    if result.changed:
        server = call.software.servers.get(call.proc.program)
        if server is not None:
            save(call, server)
    return Response(0, {}, json.dumps({"sets": result.sets, "error": result.error, "database": result.database}))


def _login(call: Call, request: Request) -> str:
    """Why a client is not let in; "" when it is."""
    user, password = request.headers.get("user", "root"), request.headers.get("password", "")
    data = call.memo.get("data", {})
    wanted = data.get("password") if user == "root" else data.get("user_password") if user == data.get("user") else None
    if request.protocol == "postgres" or wanted == "" or (wanted is not None and password == wanted):
        return ""
    using = "YES" if password else "NO"
    return f"ERROR 1045 (28000): Access denied for user '{user}'@'localhost' (using password: {using})"


# --- Redis -----------------------------------------------------------------------------------------------------------------


def _redis(call: Call, words: list[str], request: Request) -> Reply:
    data: dict[str, Any] = call.memo.setdefault("data", {})
    if not words:
        return ["err", "ERR empty command"]
    password = call.args[call.args.index("--requirepass") + 1] if "--requirepass" in call.args[:-1] else ""
    name, args = words[0].upper(), words[1:]
    if password and request.headers.get("password", "") != password:
        return ["err", "NOAUTH Authentication required."]
    _expire(call, data)
    function = _COMMANDS.get(name)
    if function is None:
        return ["err", f"ERR unknown command '{words[0]}', with args beginning with: {' '.join(repr(a) for a in args[:3])}"]
    if any(len(word) > MOST_VALUE for word in args) or len(data) > MOST_KEYS:
        return ["err", "OOM command not allowed when used memory > 'maxmemory'."]
    try:
        reply = function(call, data, args)
    except (IndexError, TypeError, AttributeError):
        return ["err", f"ERR wrong number of arguments for '{words[0].lower()}' command"]
    except ValueError:
        return ["err", "ERR value is not an integer or out of range"]
    if name in _WRITING and "--appendonly" in call.args and "yes" in call.args:
        save(call, next(iter(call.software.servers.values())))
    return reply


def _expire(call: Call, data: dict[str, Any]) -> None:
    dues = call.memo.get("dues", {})
    for key in [key for key, due in dues.items() if due <= call.now]:
        data.pop(key, None)
        dues.pop(key)


def _set(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    key, value = args[0], args[1]
    options = [word.upper() for word in args[2:]]
    if ("NX" in options and key in data) or ("XX" in options and key not in data):
        return ["nil", None]
    data[key] = value
    call.memo.setdefault("dues", {}).pop(key, None)
    if "EX" in options:
        call.memo["dues"][key] = call.now + int(args[2 + options.index("EX") + 1]) * 1_000
    return ["ok", "OK"]


def _get(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    value = data.get(args[0])
    if isinstance(value, (list, dict)):
        return ["err", "WRONGTYPE Operation against a key holding the wrong kind of value"]
    return ["nil", None] if value is None else ["str", value]


def _add(amount: int) -> Callable[[Call, dict[str, Any], list[str]], Reply]:
    def change(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
        number = int(data.get(args[0], "0")) + amount * (int(args[1]) if len(args) > 1 else 1)
        data[args[0]] = str(number)
        return ["int", number]

    return change


def _delete(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    return ["int", sum(data.pop(key, None) is not None for key in args)]


def _keys(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    from cluster.containers.shell.patterns import matches

    return ["list", sorted(key for key in data if matches(args[0], key))]


def _push(left: bool) -> Callable[[Call, dict[str, Any], list[str]], Reply]:
    def change(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
        values = data.setdefault(args[0], [])
        for value in args[1:]:
            values.insert(0 if left else len(values), value)
        return ["int", len(values)]

    return change


def _pop(left: bool) -> Callable[[Call, dict[str, Any], list[str]], Reply]:
    def change(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
        values = data.get(args[0])
        if not values:
            return ["nil", None]
        value = values.pop(0 if left else -1)
        if not values:
            del data[args[0]]
        return ["str", value]

    return change


def _range(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    values, first, last = data.get(args[0], []), int(args[1]), int(args[2])
    first = max(first + len(values), 0) if first < 0 else first
    last = last + len(values) if last < 0 else last
    return ["list", list(values[first : last + 1])]


def _hset(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    fields = data.setdefault(args[0], {})
    added = 0
    for name, value in zip(args[1::2], args[2::2], strict=True):
        added += name not in fields
        fields[name] = value
    return ["int", added]


def _hget(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    value = data.get(args[0], {}).get(args[1])
    return ["nil", None] if value is None else ["str", value]


def _hgetall(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    return ["list", [text for pair in data.get(args[0], {}).items() for text in pair]]


def _ttl(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    if args[0] not in data:
        return ["int", -2]
    due = call.memo.get("dues", {}).get(args[0])
    return ["int", -1 if due is None else -(-(due - call.now) // 1_000)]


def _expire_command(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    if args[0] not in data:
        return ["int", 0]
    call.memo.setdefault("dues", {})[args[0]] = call.now + int(args[1]) * 1_000
    return ["int", 1]


def _flush(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    data.clear()
    return ["ok", "OK"]


def _save(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    save(call, next(iter(call.software.servers.values())))
    return ["ok", "OK"]


def _info(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    seconds = (call.now - call.memo.get("begun", call.now)) // 1_000
    return [
        "str",
        f"# Server\nredis_version:{call.software.version}\nredis_mode:standalone\nuptime_in_seconds:{seconds}\n\n"
        f"# Replication\nrole:master\nconnected_slaves:0\n\n# Keyspace\ndb0:keys={len(data)},expires=0,avg_ttl=0",
    ]


def _mset(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    data.update(zip(args[::2], args[1::2], strict=True))
    return ["ok", "OK"]


def _type(call: Call, data: dict[str, Any], args: list[str]) -> Reply:
    value = data.get(args[0])
    if value is None:
        return ["ok", "none"]
    return ["ok", "list" if isinstance(value, list) else "hash" if isinstance(value, dict) else "string"]


_COMMANDS: dict[str, Callable[[Call, dict[str, Any], list[str]], Reply]] = {
    "PING": lambda call, data, args: ["str", args[0]] if args else ["ok", "PONG"],
    "ECHO": lambda call, data, args: ["str", args[0]],
    "SET": _set,
    "GET": _get,
    "DEL": _delete,
    "UNLINK": _delete,
    "INCR": _add(1),
    "DECR": _add(-1),
    "INCRBY": _add(1),
    "DECRBY": _add(-1),
    "EXISTS": lambda call, data, args: ["int", sum(key in data for key in args)],
    "SETNX": lambda call, data, args: ["int", int(_set(call, data, [*args, "NX"])[0] == "ok")],
    "SETEX": lambda call, data, args: _set(call, data, [args[0], args[2], "EX", args[1]]),
    "APPEND": lambda call, data, args: ["int", len(data.setdefault(args[0], data.pop(args[0], "") + args[1]))],
    "STRLEN": lambda call, data, args: ["int", len(data.get(args[0], ""))],
    "MSET": _mset,
    "MGET": lambda call, data, args: ["list", [data.get(key) for key in args]],
    "KEYS": _keys,
    "DBSIZE": lambda call, data, args: ["int", len(data)],
    "FLUSHALL": _flush,
    "FLUSHDB": _flush,
    "LPUSH": _push(True),
    "RPUSH": _push(False),
    "LPOP": _pop(True),
    "RPOP": _pop(False),
    "LRANGE": _range,
    "LLEN": lambda call, data, args: ["int", len(data.get(args[0], []))],
    "HSET": _hset,
    "HGET": _hget,
    "HGETALL": _hgetall,
    "TTL": _ttl,
    "EXPIRE": _expire_command,
    "TYPE": _type,
    "SAVE": _save,
    "BGSAVE": _save,
    "INFO": _info,
    "SELECT": lambda call, data, args: ["ok", "OK"],
    "AUTH": lambda call, data, args: ["ok", "OK"],
    "CONFIG": lambda call, data, args: ["list", []] if args and args[0].upper() == "GET" else ["ok", "OK"],
    "CLIENT": lambda call, data, args: ["ok", "OK"],
}
_WRITING = frozenset(
    {
        "SET",
        "DEL",
        "UNLINK",
        "INCR",
        "DECR",
        "INCRBY",
        "DECRBY",
        "SETNX",
        "SETEX",
        "APPEND",
        "MSET",
        "FLUSHALL",
        "FLUSHDB",
        "LPUSH",
        "RPUSH",
        "LPOP",
        "RPOP",
        "HSET",
    }
)
