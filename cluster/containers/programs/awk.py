"""awk, as far as command lines use it: patterns, print, printf, if, assignments, arithmetic, BEGIN and END."""

from __future__ import annotations

import re
from typing import Any

from cluster.containers.programs import options, regex
from cluster.containers.programs.call import Call, Wait, lines_of, program
from cluster.containers.programs.text import inputs
from cluster.containers.shell.syntax import unescaped

_TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*|\.\d+)|\"((?:[^\"\\]|\\.)*)\"|([A-Za-z_]\w*)|"
    r"(\+\+|--|&&|\|\||[-+*/%]=|==|!=|<=|>=|!~|[-+*/%=<>!~?:;,(){}$\[\]]))"
)
DEEPEST = 60
MOST_STEPS = 100_000

Node = tuple[Any, ...]


class AwkError(Exception):
    """A program that is beyond this awk."""


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.at, self.depth = 0, 0
        text = re.sub(r"#[^\n\"]*(?=\n|$)", "", text)
        at = 0
        while at < len(text):
            if text[at] in " \t\r":
                at += 1
                continue
            if text[at] == "\n":
                self.tokens.append(("op", ";"))
                at += 1
                continue
            before = self.tokens[-1] if self.tokens else ("op", ";")
            if text[at] == "/" and ((before[0] == "op" and before[1] not in (")", "]")) or before[1] in ("print", "return")):
                found = re.compile(r"/((?:[^/\\\n]|\\.)+)/").match(text, at)
                if not found:
                    raise AwkError("unterminated regexp")
                self.tokens.append(("re", found[1].replace("\\/", "/")))
                at = found.end()
                continue
            match = _TOKEN.match(text, at)
            if not match:
                raise AwkError(f"syntax error near {text[at : at + 20]}")
            kind = "num" if match[1] else "str" if match[2] is not None else "name" if match[3] else "op"
            self.tokens.append(
                (kind, match[1] or (unescaped(match[2]) if match[2] is not None else "") or match[3] or match[4] or "")
            )
            at = match.end()

    def peek(self, value: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][0] in ("op", "name") and self.tokens[self.at][1] == value

    def accept(self, value: str) -> bool:
        if self.peek(value):
            self.at += 1
            return True
        return False

    def expect(self, value: str) -> None:
        if not self.accept(value):
            found = self.tokens[self.at][1] if self.at < len(self.tokens) else "end of program"
            raise AwkError(f"syntax error near {found} (expecting {value})")

    def rules(self) -> list[tuple[Node, list[Node] | None]]:
        found: list[tuple[Node, list[Node] | None]] = []
        while self.at < len(self.tokens):
            if self.accept(";"):
                continue
            pattern: Node = ("always",)
            if self.accept("BEGIN"):
                pattern = ("begin",)
            elif self.accept("END"):
                pattern = ("end",)
            elif not self.peek("{"):
                pattern = self.expression()
                if self.accept(","):
                    raise AwkError("ranges of lines are not simulated")
            found.append((pattern, self.block() if self.peek("{") else None))
        return found

    def block(self) -> list[Node]:
        self.expect("{")
        found: list[Node] = []
        while not self.accept("}"):
            if self.at >= len(self.tokens):
                raise AwkError("syntax error: missing }")
            if not self.accept(";"):
                found.append(self.statement())
        return found

    def body(self) -> list[Node]:
        while self.accept(";"):
            pass
        return self.block() if self.peek("{") else [self.statement()]

    def statement(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise AwkError("nested too deeply")
        found = self._statement()
        self.depth -= 1
        return found

    def _statement(self) -> Node:
        if self.accept("print"):
            return ("print", self.arguments())
        if self.accept("printf"):
            return ("printf", self.arguments())
        if self.accept("if"):
            self.expect("(")
            condition = self.expression()
            self.expect(")")
            yes = self.body()
            save = self.at
            while self.accept(";"):
                pass
            if self.accept("else"):
                return ("if", condition, yes, self.body())
            self.at = save
            return ("if", condition, yes, [])
        if self.accept("while"):
            self.expect("(")
            condition = self.expression()
            self.expect(")")
            return ("while", condition, self.body())
        if self.accept("for"):
            return self._for()
        if self.accept("next"):
            return ("next",)
        if self.accept("exit"):
            return (
                "exit",
                self.expression() if self.at < len(self.tokens) and not self.peek("}") and not self.peek(";") else ("num", 0.0),
            )
        return ("do", self.expression())

    def _for(self) -> Node:
        self.expect("(")
        if self.at + 1 < len(self.tokens) and self.tokens[self.at + 1][1] == "in":
            name = self.tokens[self.at][1]
            array = self.tokens[self.at + 2][1]
            self.at += 3
            self.expect(")")
            return ("forin", name, array, self.body())
        start = self.expression()
        self.expect(";")
        condition = self.expression()
        self.expect(";")
        step = self.expression()
        self.expect(")")
        return ("for", start, condition, step, self.body())

    def arguments(self) -> list[Node]:
        wrapped = self.peek("(")
        found: list[Node] = []
        if self.at >= len(self.tokens) or self.peek(";") or self.peek("}"):
            return found
        if self.peek(">"):
            raise AwkError("output to files is not simulated")
        save = self.at
        if wrapped:
            self.at += 1
            found = [self.expression()]
            while self.accept(","):
                found.append(self.expression())
            if self.accept(")") and (self.at >= len(self.tokens) or self.peek(";") or self.peek("}")):
                return found
            self.at = save
        found = [self.expression(redirect=True)]
        while self.accept(","):
            found.append(self.expression(redirect=True))
        if self.peek(">"):
            raise AwkError("output to files is not simulated")
        return found

    # --- expressions -------------------------------------------------------------------------------------------------

    def expression(self, *, redirect: bool = False) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise AwkError("nested too deeply")
        left = self.choice(redirect)
        for operator in ("=", "+=", "-=", "*=", "/=", "%="):
            if left[0] in ("var", "field", "item") and self.accept(operator):
                left = ("assign", operator, left, self.expression(redirect=redirect))
        self.depth -= 1
        return left

    def choice(self, redirect: bool) -> Node:
        condition = self.binary(0, redirect)
        if self.accept("?"):
            yes = self.expression()
            self.expect(":")
            return ("choice", condition, yes, self.expression())
        return condition

    _LEVELS = (("||",), ("&&",), ("~", "!~"), ("<", "<=", "==", "!=", ">", ">="), ("concat",), ("+", "-"), ("*", "/", "%"))

    def binary(self, level: int, redirect: bool) -> Node:
        if level == len(self._LEVELS):
            return self.unary()
        if self._LEVELS[level] == ("concat",):
            return self.concatenation(level, redirect)
        left = self.binary(level + 1, redirect)
        while True:
            operator = next((one for one in self._LEVELS[level] if self.peek(one) and not (one == ">" and redirect)), None)
            if operator is None:
                return left
            self.at += 1
            left = ("binary", operator, left, self.binary(level + 1, redirect))

    def concatenation(self, level: int, redirect: bool) -> Node:
        left = self.binary(level + 1, redirect)
        while self.at < len(self.tokens):
            kind, value = self.tokens[self.at]
            if kind in ("num", "str") or (kind == "name" and value != "in") or value in ("$", "("):
                left = ("binary", "concat", left, self.binary(level + 1, redirect))
            else:
                return left
        return left

    def unary(self) -> Node:
        for operator in ("!", "-", "+"):
            if self.accept(operator):
                return ("unary", operator, self.unary())
        for operator in ("++", "--"):
            if self.accept(operator):
                return ("assign", "+=" if operator == "++" else "-=", self.unary(), ("num", 1.0))
        found = self.primary()
        for operator in ("++", "--"):
            if self.accept(operator):
                return ("after", operator, found)
        return found

    def primary(self) -> Node:
        if self.at >= len(self.tokens):
            raise AwkError("syntax error: unexpected end of program")
        kind, value = self.tokens[self.at]
        self.at += 1
        if kind == "num":
            return ("num", float(value))
        if kind == "str":
            return ("str", value)
        if kind == "re":
            return ("match", value)
        if value == "$":
            return ("field", self.primary())
        if value == "(":
            found = self.expression()
            self.expect(")")
            return found
        if kind == "name":
            if self.accept("("):
                arguments = [] if self.peek(")") else [self.expression()]
                while self.accept(","):
                    arguments.append(self.expression())
                self.expect(")")
                if value not in _FUNCTIONS:
                    raise AwkError(f"function {value} is not simulated")
                return ("call", value, arguments)
            if self.accept("["):
                index = self.expression()
                self.expect("]")
                return ("item", value, index)
            if value == "length":
                return ("call", value, [])
            return ("var", value)
        raise AwkError(f"syntax error near {value}")


_FUNCTIONS = frozenset({"length", "substr", "index", "toupper", "tolower", "int", "split", "gsub", "sub", "sprintf", "match"})


class _Next(Exception):
    pass


class _Exit(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Run:
    def __init__(self, rules: list[tuple[Node, list[Node] | None]], variables: dict[str, Any]) -> None:
        self.rules = rules
        self.variables: dict[str, Any] = {"FS": " ", "OFS": " ", "ORS": "\n", "NR": 0.0, "NF": 0.0, "SUBSEP": "\x1c", **variables}
        self.arrays: dict[str, dict[str, Any]] = {}
        self.fields: list[str] = [""]
        self.out: list[str] = []
        self.steps = 0

    def run(self, lines: list[str]) -> int:
        code = 0
        try:
            self.each("begin")
            if any(pattern[0] != "begin" for pattern, _ in self.rules):
                for line in lines:
                    self.variables["NR"] += 1.0
                    self.set_line(line)
                    try:
                        self.each("line")
                    except _Next:
                        continue
        except _Exit as end:
            code = end.code
        try:
            self.each("end")
        except _Exit as end:
            code = end.code
        return code

    def each(self, when: str) -> None:
        for pattern, body in self.rules:
            kind = pattern[0]
            if kind in ("begin", "end"):
                chosen = kind == when
            else:
                chosen = when == "line" and (kind == "always" or self.true(self.value(pattern)))
            if chosen:
                self.all(body if body is not None else [("print", [])])

    def set_line(self, line: str) -> None:
        separator = text_of(self.variables["FS"])
        if separator == " ":
            parts = line.split()
        elif len(separator) == 1 and separator not in "|.*+?()[]^$\\":
            parts = line.split(separator)
        else:
            parts = _split(line, separator)
        self.fields = [line, *(parts if line else [])]
        self.variables["NF"] = float(len(self.fields) - 1)

    def all(self, statements: list[Node]) -> None:
        for statement in statements:
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise AwkError("too many steps")
            getattr(self, f"do_{statement[0]}")(*statement[1:])

    def do_print(self, arguments: list[Node]) -> None:
        texts = [text_of(self.value(argument)) for argument in arguments] or [self.fields[0]]
        self.out.append(text_of(self.variables["OFS"]).join(texts) + text_of(self.variables["ORS"]))

    def do_printf(self, arguments: list[Node]) -> None:
        if arguments:
            self.out.append(formatted([self.value(argument) for argument in arguments]))

    def do_if(self, condition: Node, yes: list[Node], no: list[Node]) -> None:
        self.all(yes if self.true(self.value(condition)) else no)

    def do_while(self, condition: Node, body: list[Node]) -> None:
        while self.true(self.value(condition)):
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise AwkError("too many steps")
            self.all(body)

    def do_for(self, start: Node, condition: Node, step: Node, body: list[Node]) -> None:
        self.value(start)
        self.do_while(condition, [*body, ("do", step)])

    def do_forin(self, name: str, array: str, body: list[Node]) -> None:
        for key in list(self.arrays.get(array, {})):
            self.variables[name] = key
            self.all(body)

    def do_do(self, expression: Node) -> None:
        self.value(expression)

    def do_next(self) -> None:
        raise _Next

    def do_exit(self, expression: Node) -> None:
        raise _Exit(int(number_of(self.value(expression))) & 255)

    # --- values ------------------------------------------------------------------------------------------------------

    def true(self, value: Any) -> bool:
        if isinstance(value, float):
            return value != 0
        return bool(value) and not (_looks_numeric(value) and number_of(value) == 0)

    def value(self, node: Node) -> Any:
        return getattr(self, f"of_{node[0]}")(*node[1:])

    def of_num(self, value: float) -> float:
        return value

    def of_str(self, value: str) -> str:
        return value

    def of_match(self, pattern: str) -> float:
        return float(regex.compiled(pattern, extended=True).search(self.fields[0]) is not None)

    def of_var(self, name: str) -> Any:
        return self.variables.get(name, "")

    def of_field(self, index: Node) -> str:
        place = int(number_of(self.value(index)))
        if place < 0:
            raise AwkError(f"attempt to access field {place}")
        return self.fields[place] if place < len(self.fields) else ""

    def of_item(self, array: str, index: Node) -> Any:
        return self.arrays.get(array, {}).get(text_of(self.value(index)), "")

    def of_choice(self, condition: Node, yes: Node, no: Node) -> Any:
        return self.value(yes if self.true(self.value(condition)) else no)

    def of_unary(self, operator: str, operand: Node) -> float:
        value = self.value(operand)
        if operator == "!":
            return float(not self.true(value))
        return -number_of(value) if operator == "-" else number_of(value)

    def of_after(self, operator: str, target: Node) -> float:
        before = number_of(self.value(target))
        self.store(target, before + (1 if operator == "++" else -1))
        return before

    def of_assign(self, operator: str, target: Node, source: Node) -> Any:
        value = self.value(source)
        if operator != "=":
            value = _computed(operator[0], number_of(self.value(target)), number_of(value))
        self.store(target, value)
        return value

    def store(self, target: Node, value: Any) -> None:
        if target[0] == "var":
            self.variables[target[1]] = value
        elif target[0] == "item":
            self.arrays.setdefault(target[1], {})[text_of(self.value(target[2]))] = value
        elif target[0] == "field":
            place = int(number_of(self.value(target[1])))
            if place > 1_000:
                raise AwkError("too many fields")
            if place == 0:
                self.set_line(text_of(value))
                return
            self.fields += [""] * (place + 1 - len(self.fields))
            self.fields[place] = text_of(value)
            self.fields[0] = text_of(self.variables["OFS"]).join(self.fields[1:])
            self.variables["NF"] = float(len(self.fields) - 1)
        else:
            raise AwkError("syntax error: this cannot be assigned to")

    def of_binary(self, operator: str, first: Node, second: Node) -> Any:
        left = self.value(first)
        if operator == "&&":
            return float(self.true(left) and self.true(self.value(second)))
        if operator == "||":
            return float(self.true(left) or self.true(self.value(second)))
        if operator in ("~", "!~"):
            pattern = second[1] if second[0] == "match" else text_of(self.value(second))
            found = regex.compiled(pattern, extended=True).search(text_of(left)) is not None
            return float(found == (operator == "~"))
        right = self.value(second)
        if operator == "concat":
            return (text_of(left) + text_of(right))[: 1 << 20]
        if operator in "+-*/%":
            return _computed(operator, number_of(left), number_of(right))
        if _looks_numeric(left) and _looks_numeric(right):
            left, right = number_of(left), number_of(right)
        else:
            left, right = text_of(left), text_of(right)
        return float(
            {
                "<": left < right,
                "<=": left <= right,
                "==": left == right,
                "!=": left != right,
                ">": left > right,
                ">=": left >= right,
            }[operator]
        )

    def of_call(self, name: str, arguments: list[Node]) -> Any:
        if name in ("gsub", "sub"):
            return self.substituted(name, arguments)
        if name == "split":
            parts = text_of(self.value(arguments[0])).split(text_of(self.value(arguments[2])) if len(arguments) > 2 else None)
            self.arrays[str(arguments[1][1])] = {str(place): part for place, part in enumerate(parts, 1)}
            return float(len(parts))
        values = [self.value(argument) for argument in arguments] or [self.fields[0]]
        text = text_of(values[0])
        if name == "length":
            if arguments and arguments[0][0] == "var" and arguments[0][1] in self.arrays:
                return float(len(self.arrays[arguments[0][1]]))
            return float(len(text))
        if name == "substr":
            start = int(number_of(values[1]))
            return text[max(start - 1, 0) : (start - 1 + int(number_of(values[2]))) if len(values) > 2 else None]
        if name == "index":
            return float(text.find(text_of(values[1])) + 1)
        if name == "match":
            found = regex.compiled(text_of(values[1]) if arguments[1][0] != "match" else arguments[1][1], extended=True).search(
                text
            )
            return float(found[0][0] + 1 if found else 0)
        if name == "sprintf":
            return formatted(values)
        return {"toupper": text.upper(), "tolower": text.lower(), "int": float(int(number_of(values[0])))}[name]

    def substituted(self, name: str, arguments: list[Node]) -> float:
        pattern = arguments[0][1] if arguments[0][0] == "match" else text_of(self.value(arguments[0]))
        replacement = text_of(self.value(arguments[1]))
        target: Node = arguments[2] if len(arguments) > 2 else ("field", ("num", 0.0))
        text = text_of(self.value(target))
        gathered, at, count = [], 0, 0
        for spans in regex.compiled(pattern, extended=True).all(text):
            start, end = spans[0]
            gathered += [text[at:start], _with_match(replacement, text[start:end])]
            at, count = end, count + 1
            if name == "sub":
                break
        if count:
            self.store(target, "".join(gathered) + text[at:])
        return float(count)


def _with_match(replacement: str, text: str) -> str:
    """The replacement of sub and gsub: `&` is what was found."""
    return re.sub(r"\\?&", lambda found: "&" if found[0] == "\\&" else text, replacement)


def _split(line: str, separator: str) -> list[str]:
    parts, at = [], 0
    for spans in regex.compiled(separator, extended=True).all(line):
        start, end = spans[0]
        if end > start:
            parts.append(line[at:start])
            at = end
    return [*parts, line[at:]]


def _computed(operator: str, left: float, right: float) -> float:
    if operator in "/%" and right == 0:
        raise AwkError("division by zero")
    return (
        {"+": left + right, "-": left - right, "*": left * right}.get(operator, 0.0)
        if operator in "+-*"
        else (left / right if operator == "/" else left - right * int(left / right))
    )


def text_of(value: Any) -> str:
    """A value as text: whole numbers without a point."""
    if not isinstance(value, float):
        return str(value)
    return str(int(value)) if value == int(value) and abs(value) < 1e16 else f"{value:.6g}"


def number_of(value: Any) -> float:
    """A value as a number: what a text begins with."""
    if isinstance(value, float):
        return value
    found = re.match(r"\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?", str(value))
    return float(found[0]) if found else 0.0


def _looks_numeric(value: Any) -> bool:
    return (
        isinstance(value, float)
        or re.fullmatch(r"\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?\s*", str(value)) is not None
    )


def formatted(values: list[Any]) -> str:
    """`printf` of awk."""
    rest = list(values[1:])

    def one(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        value = rest.pop(0) if rest else ""
        flags, width, precision, kind = found[1], found[2][:3], found[3] or "", found[4]
        if kind in "di":
            return f"%{flags}{width}d" % int(number_of(value))
        if kind in "feEgG":
            return f"%{flags}{width}{precision[:3]}{kind}" % number_of(value)
        if kind in "xXo":
            return f"%{flags}{width}{kind}" % int(number_of(value))
        text = text_of(value)[:1] if kind == "c" else text_of(value)
        return f"%{'-' if '-' in flags else ''}{width}{precision[:3]}s" % text

    return re.sub(r"%%|%([-+ 0#]*)([0-9]*)(\.[0-9]*)?([a-zA-Z])", one, text_of(values[0]))


@program("awk", "gawk", "mawk")
def awk(call: Call) -> int | Wait:
    """awk [-F separator] [-v name=value]… 'program' [file]…"""
    variables: dict[str, Any] = {}
    for place, word in enumerate(call.args[:-1]):
        if word == "-v":
            name, _, value = call.args[place + 1].partition("=")
            variables[name] = unescaped(value)
    found, words = options.parse(call, "", "Fvf", in_order=True)
    if "F" in found:
        variables["FS"] = unescaped(found["F"]) if found["F"] != "t" else "\t"
    if "f" in found:
        words.insert(0, call.text(found["f"]))
    if not words:
        call.err(
            "BusyBox v1.37.0 () multi-call binary.\n\nUsage: awk [OPTIONS] [AWK_PROGRAM] [FILE]...\n"
            if call.busybox
            else "usage: awk [-F fs][-v var=value][prog | -f progfile][file ...]\n"
        )
        return 1 if call.busybox else 2
    for word in [word for word in words[1:] if re.fullmatch(r"[A-Za-z_]\w*=.*", word, re.S)]:
        name, _, value = word.partition("=")
        variables[name] = unescaped(value)
        words.remove(word)
    try:
        run = _Run(_Parser(words[0]).rules(), variables)
        needs_input = any(pattern[0] != "begin" for pattern, _ in run.rules)
        lines = [line for _, text in inputs(call, words[1:]) for line in lines_of(text)] if needs_input else []
        code = run.run(lines)
        call.out("".join(run.out))
    except (AwkError, regex.BadPattern) as error:
        return call.fail(f"cmd. line:1: {error}", 2)
    except (ValueError, OverflowError, IndexError):
        return call.fail("cmd. line:1: bad argument", 2)
    return code or (2 if call.memo.get("failed") else 0)
