"""A little SQL for MySQL and PostgreSQL: databases, tables, rows; no joins, no indexes, no transactions.

The data of a server: {"databases": {name: {table: {"columns": [names], "rows": [[values]]}}}, "password": text}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cluster.containers.image import words

if TYPE_CHECKING:
    from cluster.containers.programs.call import Call

MOST_ROWS = 10_000
MOST_TABLES = 200
MOST_STATEMENT = 8_000  # characters
_OWN = {"mysql": ["information_schema", "mysql", "performance_schema", "sys"], "postgres": ["postgres", "template0", "template1"]}
_WORDS = words("SELECT INSERT UPDATE DELETE CREATE DROP SHOW USE ALTER WITH EXPLAIN DESCRIBE")
_VALUE = r"'(?:[^']|'')*'|\"[^\"]*\"|-?[0-9]+(?:\.[0-9]+)?|NULL|TRUE|FALSE|NOW\(\)|CURRENT_TIMESTAMP|DEFAULT"


class SqlError(Exception):
    """A statement that fails; `str()` is the server's message without its number."""

    def __init__(self, mysql: str, postgres: str) -> None:
        super().__init__(mysql)
        self.texts = {"mysql": mysql, "postgres": postgres}


@dataclass(slots=True)
class Result:
    """What statements came to: row sets [[columns], [rows], tag], an error, the database in use."""

    sets: list[list[Any]] = field(default_factory=list)
    error: str = ""
    database: str = ""
    changed: bool = False


def fresh(protocol: str, env: Mapping[str, str]) -> dict[str, Any]:
    """The data of a server that starts on an empty directory: what its variables ask for."""
    if protocol == "mysql":
        password = env.get("MYSQL_ROOT_PASSWORD", env.get("MARIADB_ROOT_PASSWORD", ""))
        name = env.get("MYSQL_DATABASE", env.get("MARIADB_DATABASE", ""))
        return {
            "databases": {name: {}} if name else {},
            "password": password,
            "user": env.get("MYSQL_USER", ""),
            "user_password": env.get("MYSQL_PASSWORD", ""),
        }
    user = env.get("POSTGRES_USER", "postgres")
    return {"databases": {name: {} for name in dict.fromkeys(["postgres", env.get("POSTGRES_DB", user)])}, "user": user}


def run(data: dict[str, Any], protocol: str, database: str, text: str, call: Call) -> Result:
    """Carry out statements until one fails."""
    session = _Session(data, protocol, database, call)
    try:
        if database:
            session.use(database)
        for statement in _statements(text):
            session.one(statement)
    except SqlError as error:
        session.result.error = error.texts[protocol]
    session.result.database = session.database
    return session.result


def _statements(text: str) -> list[str]:
    found, current, quote = [], "", ""
    for char in re.sub(r"--[^\n]*", "", text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        if (char == ";" or (char == "\n" and current.lstrip().startswith("\\"))) and not quote:
            found.append(current.strip())
            current = ""
        else:
            current += char
    return [statement for statement in [*found, current.strip()] if statement]


class _Session:
    def __init__(self, data: dict[str, Any], protocol: str, database: str, call: Call) -> None:
        self.data, self.protocol, self.call = data, protocol, call
        self.databases: dict[str, Any] = data.setdefault("databases", {})
        self.database = ""
        self.result = Result()

    def give(self, columns: list[str], rows: list[list[Any]], tag: str = "") -> None:
        self.result.sets.append([columns, rows, tag])

    def use(self, name: str) -> None:
        if name not in self.databases and name not in _OWN[self.protocol]:
            raise SqlError(
                f"ERROR 1049 (42000): Unknown database '{name}'",
                'psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: FATAL:  '
                f'database "{name}" does not exist',
            )
        self.database = name

    def one(self, statement: str) -> None:
        if len(statement) > MOST_STATEMENT:
            raise SqlError("ERROR 1153 (08S01): Got a packet bigger than 'max_allowed_packet' bytes", "ERROR:  out of memory")
        for pattern, name in _GRAMMAR:
            found = re.fullmatch(pattern, statement, re.I | re.S)
            if found:
                getattr(self, name)(found)
                return
        word = statement.split()[0] if statement.split() else ""
        if word.upper() not in _WORDS:
            shown = statement.split("\n")[0]
            raise SqlError(
                "ERROR 1064 (42000): You have an error in your SQL syntax; check the manual that corresponds to your MySQL "
                f"server version for the right syntax to use near '{statement[:80]}' at line 1",
                f'ERROR:  syntax error at or near "{word}"\nLINE 1: {shown}\n        ^',
            )
        raise SqlError(
            "ERROR 1064 (42000): You have an error in your SQL syntax (or it is more than the simulated server knows) "
            f"near '{statement[:60]}' at line 1",
            f'ERROR:  syntax error at or near "{word}" (or more than the simulated server knows)',
        )

    def tables(self) -> dict[str, Any]:
        if not self.database:
            raise SqlError("ERROR 1046 (3D000): No database selected", "ERROR:  no database selected")
        found: dict[str, Any] = self.databases.setdefault(self.database, {})
        return found

    def table(self, name: str) -> dict[str, Any]:
        database, _, short = _plain(name).rpartition(".")
        tables = self.databases.get(database, {}) if database and database != "public" else self.tables()
        if short not in tables:
            raise SqlError(
                f"ERROR 1146 (42S02): Table '{database or self.database}.{short}' doesn't exist",
                f'ERROR:  relation "{short}" does not exist',
            )
        found: dict[str, Any] = tables[short]
        return found

    # --- databases and tables ----------------------------------------------------------------------------------------

    def show_databases(self, found: re.Match[str]) -> None:
        own = _OWN[self.protocol]
        names = sorted({*self.databases, *own})
        if self.protocol == "mysql":
            self.give(["Database"], [[name] for name in names])
        else:
            owner = self.data.get("user", "postgres")
            self.give(["Name", "Owner", "Encoding"], [[name, owner, "UTF8"] for name in names])

    def show_tables(self, found: re.Match[str]) -> None:
        names = sorted(self.tables())
        if self.protocol == "mysql":
            self.give([f"Tables_in_{self.database}"], [[name] for name in names])
        elif not names:
            self.give([], [], "Did not find any relations.")
        else:
            self.give(
                ["Schema", "Name", "Type", "Owner"],
                [["public", name, "table", self.data.get("user", "postgres")] for name in names],
            )

    def change_database(self, found: re.Match[str]) -> None:
        self.use(_plain(found[1]))
        if self.protocol == "postgres":
            self.give(
                [], [], f'You are now connected to database "{self.database}" as user "{self.data.get("user", "postgres")}".'
            )

    def create_database(self, found: re.Match[str]) -> None:
        name = _plain(found[2])
        if name in self.databases:
            if not found[1]:
                raise SqlError(
                    f"ERROR 1007 (HY000): Can't create database '{name}'; database exists",
                    f'ERROR:  database "{name}" already exists',
                )
            return
        if len(self.databases) >= MOST_TABLES:
            raise SqlError("ERROR 1006 (HY000): Can't create database (too many)", "ERROR:  too many databases")
        self.databases[name] = {}
        self.done("CREATE DATABASE")

    def drop_database(self, found: re.Match[str]) -> None:
        name = _plain(found[2])
        if self.databases.pop(name, None) is None and not found[1]:
            raise SqlError(
                f"ERROR 1008 (HY000): Can't drop database '{name}'; database doesn't exist",
                f'ERROR:  database "{name}" does not exist',
            )
        self.done("DROP DATABASE")

    def create_table(self, found: re.Match[str]) -> None:
        database, _, name = _plain(found[2]).rpartition(".")
        known = database and database != "public" and database in self.databases
        tables = self.databases[database] if known else self.tables()
        if name in tables:
            if not found[1]:
                raise SqlError(f"ERROR 1050 (42S01): Table '{name}' already exists", f'ERROR:  relation "{name}" already exists')
            return
        if len(tables) >= MOST_TABLES:
            raise SqlError("ERROR 1114 (HY000): too many tables", "ERROR:  too many tables")
        definitions = [part.strip() for part in _split(found[3])]
        columns = [
            part for part in definitions if not re.match(r"(PRIMARY|FOREIGN|UNIQUE|KEY|CONSTRAINT|INDEX|CHECK)\b", part, re.I)
        ]
        counted = next(
            (_plain(part.split()[0]) for part in columns if re.search(r"AUTO_INCREMENT|SERIAL|IDENTITY", part, re.I)), ""
        )
        tables[name] = {"columns": [_plain(part.split()[0]) for part in columns], "rows": [], "counted": counted, "next": 1}
        self.done("CREATE TABLE")

    def drop_table(self, found: re.Match[str]) -> None:
        name = _plain(found[2])
        if self.tables().pop(name, None) is None and not found[1]:
            raise SqlError(
                f"ERROR 1051 (42S02): Unknown table '{self.database}.{name}'", f'ERROR:  table "{name}" does not exist'
            )
        self.done("DROP TABLE")

    def done(self, tag: str) -> None:
        self.result.changed = True
        self.give([], [], tag)

    # --- rows --------------------------------------------------------------------------------------------------------

    def insert(self, found: re.Match[str]) -> None:
        table = self.table(found[1])
        names = (
            [_plain(name) for name in found[2].split(",")]
            if found[2]
            else [
                name for name in table["columns"] if not (name == table["counted"] and _width(found[3]) < len(table["columns"]))
            ]
        )
        rows = re.findall(rf"\(\s*((?:{_VALUE})(?:\s*,\s*(?:{_VALUE}))*)\s*\)", found[3], re.I)
        for row in rows:
            values = [self.literal(text) for text in re.findall(_VALUE, row, re.I)]
            if len(values) != len(names):
                raise SqlError(
                    "ERROR 1136 (21S01): Column count doesn't match value count at row 1",
                    "ERROR:  INSERT has more expressions than target columns",
                )
            given = dict(zip(names, values, strict=True))
            unknown = next((name for name in names if name not in table["columns"]), None)
            if unknown is not None:
                raise SqlError(
                    f"ERROR 1054 (42S22): Unknown column '{unknown}' in 'field list'",
                    f'ERROR:  column "{unknown}" does not exist',
                )
            if table["counted"] and given.get(table["counted"]) is None:
                given[table["counted"]] = table["next"]
                table["next"] += 1
            if len(table["rows"]) >= MOST_ROWS:
                raise SqlError("ERROR 1114 (HY000): The table is full", "ERROR:  could not extend file: No space left on device")
            table["rows"].append([given.get(name) for name in table["columns"]])
        self.done(f"INSERT 0 {len(rows)}")

    def literal(self, text: str) -> Any:
        if text[:1] in "'\"":
            return text[1:-1].replace("''", "'")
        upper = text.upper()
        if upper in ("NULL", "DEFAULT"):
            return None
        if upper in ("TRUE", "FALSE"):
            return int(upper == "TRUE") if self.protocol == "mysql" else upper[0].lower()
        if upper in ("NOW()", "CURRENT_TIMESTAMP"):
            from cluster.containers.programs.clock import moment

            return moment(self.call.now).strftime("%Y-%m-%d %H:%M:%S")
        return float(text) if "." in text else int(text)

    def select_from(self, found: re.Match[str]) -> None:
        table = self.table(found[2])
        rows = self.where(table, found[3])
        if found[4]:
            place = self.column(table, found[4])
            rows = sorted(
                rows,
                key=lambda row: (row[place] is not None, str(type(row[place])), row[place]),
                reverse=bool(found[5] and found[5].upper() == "DESC"),
            )
        if found[6]:
            rows = rows[: int(found[6][:6])]
        wanted = [part.strip() for part in found[1].split(",")]
        if len(wanted) == 1 and re.fullmatch(r"count\s*\(.*\)", wanted[0], re.I):
            self.give([wanted[0] if self.protocol == "mysql" else "count"], [[len(rows)]])
            return
        columns = [name for part in wanted for name in (table["columns"] if part == "*" else [_plain(part)])]
        places = [self.column(table, name) for name in columns]
        self.give(columns, [[row[place] for place in places] for row in rows])

    def column(self, table: dict[str, Any], name: str) -> int:
        if _plain(name) not in table["columns"]:
            raise SqlError(
                f"ERROR 1054 (42S22): Unknown column '{_plain(name)}' in 'field list'",
                f'ERROR:  column "{_plain(name)}" does not exist',
            )
        return int(table["columns"].index(_plain(name)))

    def where(self, table: dict[str, Any], condition: str | None) -> list[list[Any]]:
        rows: list[list[Any]] = list(table["rows"])
        for part in re.split(r"\s+AND\s+", condition.strip(), flags=re.I) if condition else ():
            found = re.fullmatch(rf"([\w.`\"]+)\s*(=|<>|!=|<=|>=|<|>|LIKE)\s*({_VALUE})", part.strip(), re.I)
            if not found:
                raise SqlError(
                    f"ERROR 1064 (42000): the simulated server does not know the condition '{part[:60]}'",
                    f'ERROR:  syntax error at or near "{part[:30]}"',
                )
            place, value = self.column(table, found[1]), self.literal(found[3])
            rows = [row for row in rows if _compares(row[place], found[2].upper(), value)]
        return rows

    def update(self, found: re.Match[str]) -> None:
        table = self.table(found[1])
        chosen = self.where(table, found[3])
        for part in _split(found[2]):
            name, _, value = part.partition("=")
            place = self.column(table, name.strip())
            for row in chosen:
                row[place] = self.literal(value.strip())
        self.done(f"UPDATE {len(chosen)}")

    def delete(self, found: re.Match[str]) -> None:
        table = self.table(found[1])
        chosen = self.where(table, found[2])
        table["rows"] = [row for row in table["rows"] if not any(row is other for other in chosen)]
        self.done(f"DELETE {len(chosen)}")

    def select_values(self, found: re.Match[str]) -> None:
        columns, row = [], []
        for part in _split(found[1]):
            text, _, alias = re.sub(r"\s+AS\s+", "\0", part.strip(), flags=re.I).partition("\0")
            value = self.expression(text.strip())
            columns.append(alias.strip() or (text.strip() if self.protocol == "mysql" else _name_of(text.strip())))
            row.append(value)
        self.give(columns, [row])

    def expression(self, text: str) -> Any:
        if re.fullmatch(_VALUE, text, re.I):
            return self.literal(text)
        lower = text.lower().rstrip(";")
        version = self.call.software.version
        known = {
            "version()": version if self.protocol == "mysql" else f"PostgreSQL {version} on x86_64-pc-linux-gnu",
            "@@version": version,
            "database()": self.database or None,
            "current_database()": self.database,
            "user()": "root@localhost",
            "current_user": self.data.get("user", "postgres"),
            "current_user()": "root@%",
            "@@hostname": self.call.kernel.sandbox["hostname"],
            "@@server_id": 1,
            "hostname()": self.call.kernel.sandbox["hostname"],
        }
        if lower in known:
            return known[lower]
        if re.fullmatch(r"[0-9+\-*/() ]{1,60}", text):
            from cluster.containers.shell.arithmetic import ArithmeticFault, evaluate

            try:
                return evaluate(text, {})
            except ArithmeticFault:
                return None
        raise SqlError(
            f"ERROR 1054 (42S22): Unknown column '{text[:40]}' in 'field list'", f'ERROR:  column "{text[:40]}" does not exist'
        )

    def nothing(self, found: re.Match[str]) -> None:
        self.give([], [], found[0].split()[0].upper())


_NAME = r"[\w.`\"-]+"
_GRAMMAR = (
    (r"SHOW\s+DATABASES|\\l\+?", "show_databases"),
    (r"SHOW\s+TABLES|\\dt?\+?", "show_tables"),
    (rf"(?:USE|\\c)\s+({_NAME})", "change_database"),
    (rf"CREATE\s+(?:DATABASE|SCHEMA)\s+(IF\s+NOT\s+EXISTS\s+)?({_NAME}).*", "create_database"),
    (rf"DROP\s+(?:DATABASE|SCHEMA)\s+(IF\s+EXISTS\s+)?({_NAME})", "drop_database"),
    (rf"CREATE\s+TABLE\s+(IF\s+NOT\s+EXISTS\s+)?({_NAME})\s*\((.*)\)[^)]*", "create_table"),
    (rf"DROP\s+TABLE\s+(IF\s+EXISTS\s+)?({_NAME})", "drop_table"),
    (rf"INSERT\s+INTO\s+({_NAME})\s*(?:\(([^)]*)\))?\s*VALUES\s*(.*)", "insert"),
    (
        rf"SELECT\s+(.*?)\s+FROM\s+({_NAME})(?:\s+WHERE\s+(.*?))?(?:\s+ORDER\s+BY\s+({_NAME})(?:\s+(ASC|DESC))?)?(?:\s+LIMIT\s+([0-9]+))?",
        "select_from",
    ),
    (rf"UPDATE\s+({_NAME})\s+SET\s+(.*?)(?:\s+WHERE\s+(.*))?", "update"),
    (rf"DELETE\s+FROM\s+({_NAME})(?:\s+WHERE\s+(.*))?", "delete"),
    (r"SELECT\s+(.*)", "select_values"),
    (
        r"(?:GRANT|FLUSH|SET|BEGIN|COMMIT|ROLLBACK|START|ALTER\s+USER|CREATE\s+USER|CREATE\s+EXTENSION|ANALYZE|VACUUM)\b.*",
        "nothing",
    ),
)


def _plain(name: str) -> str:
    return re.sub(r"[`\"]", "", name.strip())


def _name_of(text: str) -> str:
    found = re.fullmatch(r"(\w+)\(.*\)", text)
    return found[1] if found else "?column?"


def _split(text: str) -> list[str]:
    """Parts between commas that lie in no bracket and no quotes."""
    return [part for part in re.findall(r"(?:'(?:[^']|'')*'|\([^()]*(?:\([^()]*\)[^()]*)*\)|[^,'(])+", text) if part.strip()]


def _width(text: str) -> int:
    found = re.match(rf"\(\s*((?:{_VALUE})(?:\s*,\s*(?:{_VALUE}))*)\s*\)", text.strip(), re.I)
    return len(re.findall(_VALUE, found[1], re.I)) if found else 0


def _compares(left: Any, operator: str, right: Any) -> bool:
    if left is None or right is None:
        return False
    if operator == "LIKE":
        from cluster.containers.shell.patterns import matches

        return matches(str(right).replace("%", "*").replace("_", "?").lower(), str(left).lower())
    if type(left) is not type(right):
        left, right = str(left), str(right)
    return bool(
        {
            "=": left == right,
            "<>": left != right,
            "!=": left != right,
            "<": left < right,
            ">": left > right,
            "<=": left <= right,
            ">=": left >= right,
        }[operator]
    )
