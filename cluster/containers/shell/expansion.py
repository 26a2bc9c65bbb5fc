"""Word expansion (POSIX Shell Command Language 2.6): parameters, command substitutions, arithmetic, splitting, patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping

from cluster.containers.process import Shell
from cluster.containers.shell import patterns
from cluster.containers.shell.arithmetic import evaluate
from cluster.containers.shell.syntax import Part, Word

MOST_FIELDS = 50_000
LONGEST = 2 << 20  # characters of one expansion

_GLOB = re.compile(r"[*?]|\[.*\]", re.S)


class ExpansionError(Exception):
    """An expansion that ends the script; `str()` comes after the shell's name."""


class ParameterMissing(ExpansionError):
    """`${x?message}`"""


class NeedsSubstitution(Exception):
    """The result of a command substitution is not there yet: the shell has to run it first."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Expander:
    """Expands the words of one command. `results` are the outputs of its command substitutions so far, in order."""

    def __init__(self, shell: Shell, glob: Callable[[str], list[str]], home: str, line: int, now: int = 0) -> None:
        self.shell, self.glob, self.home, self.line, self.now = shell, glob, home, line, now
        self.used = 0

    # --- whole words -------------------------------------------------------------------------------------------------

    def fields(self, words: tuple[Word, ...]) -> list[str]:
        """The fields that words become."""
        found: list[str] = []
        for word in words:
            if len(word) == 1 and word[0][0] in ("L", "Q") and (word[0][0] == "Q" or not patterns.MAGIC.search(word[0][1])):
                found.append(word[0][1])
                continue
            found += self._fields_of(word)
            if len(found) > MOST_FIELDS:
                raise ExpansionError("Argument list too long")
        return found

    def string(self, word: Word) -> str:
        """A word as one text: the value of an assignment, a file's name, a here-document."""
        if len(word) == 1 and word[0][0] in ("L", "Q"):
            return str(word[0][1])
        return "".join(text for part in word for text, _ in self._joined(part))

    def pattern(self, word: Word) -> str:
        """A word as a pattern: what is quoted in it stands for itself."""
        return "".join(patterns.quoted(text) if is_quoted else text for part in word for text, is_quoted in self._joined(part))

    # --- parts -------------------------------------------------------------------------------------------------------

    def _joined(self, part: Part) -> Iterator[tuple[str, bool]]:
        """The texts of a part when nothing is split: text, whether it is quoted."""
        kind = part[0]
        if kind == "L":
            yield part[1], False
        elif kind == "Q":
            yield part[1], True
        elif kind == "~":
            yield self._tilde(part[1]), True
        elif kind == "C":
            yield self._substitution(part[1]), part[2]
        elif kind == "A":
            yield str(self._arithmetic(part[1])), True
        else:
            name, operator, quoted = part[1], part[2], part[4]
            value: str | list[str] | Word = self._star() if name == "*" and not operator else self._parameter(part)
            if isinstance(value, str):
                yield value, quoted
            elif isinstance(value, list):
                yield " ".join(value), quoted
            else:
                for inner in value:
                    yield from self._joined(inner)

    def _star(self) -> str:
        return self._separator().join(self.shell.arguments)

    def _separator(self) -> str:
        ifs = self.shell.variables.get("IFS")
        return " " if ifs is None else ifs[:1]

    def _fields_of(self, word: Word) -> list[str]:
        building = _Building(self.shell.variables.get("IFS"))
        self._build(word, building)
        building.finish()
        found: list[str] = []
        literal = "f" in self.shell.options
        for chunks in building.done:
            if literal or not _GLOB.search("".join(text for text, is_quoted in chunks if not is_quoted)):
                found.append("".join(text for text, _ in chunks))
                continue
            pattern = "".join(patterns.quoted(text) if is_quoted else text for text, is_quoted in chunks)
            found += self.glob(pattern) or ["".join(text for text, _ in chunks)]
        return found

    def _build(self, word: Word, building: _Building, *, split: bool = False) -> None:
        for part in word:
            kind = part[0]
            if kind == "L":
                if split:
                    building.split(part[1])
                else:
                    building.add(part[1], False)
            elif kind == "Q":
                building.add(part[1], True)
            elif kind == "~":
                building.add(self._tilde(part[1]), True)
            elif kind == "C":
                text = self._substitution(part[1])
                if part[2]:
                    building.add(text, True)
                else:
                    building.split(text)
            elif kind == "A":
                text = str(self._arithmetic(part[1]))
                if part[2]:
                    building.add(text, True)
                else:
                    building.split(text)
            else:
                self._build_parameter(part, building)

    def _build_parameter(self, part: Part, building: _Building) -> None:
        _, name, operator, _, quoted = part
        if name.endswith(("[@]", "[*]")) and not operator:
            self._build_list(self.array(name[:-3]), name[-2], quoted, building)
            return
        if name in ("@", "*") and (not operator or not self.shell.arguments):
            self._build_arguments(name, quoted, building) if not operator else self._build_value(part, building)
            return
        self._build_value(part, building)

    def _build_value(self, part: Part, building: _Building) -> None:
        value, quoted = self._parameter(part), part[4]
        if isinstance(value, str):
            if quoted:
                building.add(value, True)
            else:
                building.split(value)
        elif isinstance(value, list):
            for number, text in enumerate(value):
                if number:
                    building.finish()
                building.add(text, True) if quoted else building.split(text)
        else:
            if quoted and not value:
                building.add("", True)
            self._build(value, building, split=not quoted)

    def _build_arguments(self, name: str, quoted: bool, building: _Building) -> None:
        self._build_list(self.shell.arguments, name, quoted, building)

    def _build_list(self, texts: list[str], name: str, quoted: bool, building: _Building) -> None:
        if name == "*" and quoted:
            building.add(self._separator().join(texts), True)
            return
        for number, argument in enumerate(texts):
            if number:
                building.finish()
            if quoted:
                building.add(argument, True)
            else:
                building.split(argument)

    def _tilde(self, user: str) -> str:
        if not user:
            return self.shell.variables.get("HOME", self.home)
        return "/root" if user == "root" else f"~{user}"

    def _substitution(self, number: int) -> str:
        if self.used >= len(self.shell.results):
            raise NeedsSubstitution(number)
        self.used += 1
        return self.shell.results[self.used - 1]

    def _arithmetic(self, word: Word) -> int:
        return evaluate(self.string(word), _Variables(self))

    # --- arrays of bash: element n of x is the variable "x[n]"; "x" itself is the first -----------------------------------

    def array(self, name: str) -> list[str]:
        """The elements of an array, in order."""
        start = f"{name}["
        found = {
            int(key[len(start) : -1]): value
            for key, value in self.shell.variables.items()
            if key.startswith(start) and key[len(start) : -1].isdecimal()
        }
        if not found and name in self.shell.variables:
            return [self.shell.variables[name]]
        return [found[number] for number in sorted(found)]

    def assign_array(self, name: str, words: tuple[Word, ...], *, more: bool) -> None:
        """`name=(…)`, `name+=(…)`"""
        set_array(self.shell, name, [*(self.array(name) if more else []), *self.fields(words)])

    def element(self, name: str) -> str:
        """The variable that holds `name[expression]`."""
        base, _, index = name[:-1].partition("[")
        number = evaluate(self.string((("Q", index),)) if "$" not in index else self._index(index), _Variables(self))
        if number < 0:
            number += len(self.array(base))
        return f"{base}[{number}]"

    def _index(self, text: str) -> str:
        return re.sub(r"\$\{?(\w+)\}?", lambda found: self.value(found[1]) or "0", text)

    # --- parameters --------------------------------------------------------------------------------------------------

    def value(self, name: str) -> str | None:
        """The value of a parameter; None when it is not set."""
        shell = self.shell
        if name.endswith("]"):
            if name.endswith(("[@]", "[*]")):
                return " ".join(self.array(name[:-3]))
            element = self.element(name)
            return shell.variables.get(element, shell.variables.get(element[:-3]) if element.endswith("[0]") else None)
        found = shell.variables.get(name)
        if found is not None:
            if name == "RANDOM" and shell.bash:
                return self._random()
            return found
        if name.isdigit():
            if name == "0":
                return shell.name
            number = int(name[:6])
            return shell.arguments[number - 1] if number <= len(shell.arguments) else None
        if name == "?":
            return str(shell.status)
        if name == "#":
            return str(len(shell.arguments))
        if name == "$":
            return str(shell.pid)
        if name == "!":
            return str(shell.background) if shell.background else None
        if name == "-":
            return shell.options
        if name == "@":
            return " ".join(shell.arguments) if shell.arguments else None
        if name == "*":
            return self._star() if shell.arguments else None
        if name == "LINENO":
            return str(self.line)
        if name == "RANDOM" and shell.style != "dash":
            return self._random()
        if name == "SECONDS" and shell.bash:
            return str(self.now // 1_000_000)
        return None

    def _random(self) -> str:
        # A linear congruential generator, so that a run can be repeated.
        self.shell.seed = (self.shell.seed * 1_103_515_245 + 12_345 + self.shell.pid) & 0x7FFFFFFF
        return str(self.shell.seed >> 8 & 0x7FFF)

    def _parameter(self, part: Part) -> str | list[str] | Word:
        _, name, operator, word, _ = part
        value = self.value(name)
        if operator == "":
            if value is None:
                self._check_set(name)
                return ""
            return value
        if operator == "#len":
            if name in ("@", "*"):
                return str(len(self.shell.arguments))
            if name.endswith(("[@]", "[*]")):
                return str(len(self.array(name[:-3])))
            if value is None:
                self._check_set(name)
            return str(len(value or ""))
        if operator == "!":
            return self.value(value or "") or ""
        if operator[-1] in "-=?+" and operator in ("-", "=", "?", "+", ":-", ":=", ":?", ":+"):
            return self._default(name, operator, word, value)
        if value is None:
            self._check_set(name)
            value = ""
        try:
            return self._edited(operator, word, value)
        except patterns.PatternTooCostly:
            raise ExpansionError("pattern too costly for so long a text") from None

    def _check_set(self, name: str) -> None:
        if "u" in self.shell.options and name not in ("@", "*"):
            raise ExpansionError(f"{name}: unbound variable" if self.shell.style == "bash" else f"{name}: parameter not set")

    def _default(self, name: str, operator: str, word: Word, value: str | None) -> str | list[str] | Word:
        missing = value is None or (operator[0] == ":" and value == "")
        if operator[-1] == "+":
            return "" if missing else word
        if not missing:
            return list(self.shell.arguments) if name == "@" else str(value)
        if operator[-1] == "-":
            return word
        text = self.string(word)
        if operator[-1] == "?":
            standard = "parameter null or not set" if self.shell.style == "bash" else "parameter not set"
            raise ParameterMissing(f"{name}: {text or standard}")
        self.assign(name, text)
        return text

    def _edited(self, operator: str, word: Word, value: str) -> str:
        if operator in ("#", "##"):
            return patterns.remove_prefix(value, self.pattern(word), longest=operator == "##")
        if operator in ("%", "%%"):
            return patterns.remove_suffix(value, self.pattern(word), longest=operator == "%%")
        if self.shell.style == "dash":
            raise ExpansionError("Bad substitution")
        if operator == ":":
            return self._cut(value, self.string(word))
        if operator[0] in "^,":
            changed = value.upper() if operator[0] == "^" else value.lower()
            return changed if len(operator) == 2 else changed[:1] + value[1:]
        pattern, _, replacement = self._halves(word)
        if operator in ("/#", "/%"):
            removed = (patterns.remove_prefix if operator == "/#" else patterns.remove_suffix)(value, pattern, longest=True)
            if removed == value:
                return value
            return replacement + removed if operator == "/#" else removed + replacement
        return patterns.replace(value, pattern, replacement, everywhere=operator == "//")[:LONGEST]

    def _halves(self, word: Word) -> tuple[str, str, str]:
        """Pattern and replacement of `${x/pattern/replacement}`."""
        before: list[Part] = []
        for place, part in enumerate(word):
            if part[0] == "L" and "/" in part[1]:
                first, slash, rest = part[1].partition("/")
                after = (("L", rest), *word[place + 1 :])
                return self.pattern((*before, ("L", first))), slash, self.string(after)
            if part[0] == "Q" and "/" in part[1] and place == 0 and len(word) == 1:
                first, slash, rest = part[1].partition("/")
                return patterns.quoted(first), slash, rest
            before.append(part)
        return self.pattern(tuple(before)), "", ""

    def _cut(self, value: str, text: str) -> str:
        offset, colon, length = text.partition(":")
        start = evaluate(offset, _Variables(self))
        if start < 0:
            start = len(value) + start
            if start < 0:
                return ""
        if not colon:
            return value[start:]
        size = evaluate(length, _Variables(self))
        return value[start : len(value) + size] if size < 0 else value[start : start + size]

    def assign(self, name: str, value: str) -> None:
        """Set a variable from within an expansion."""
        if name in self.shell.fixed:
            raise ExpansionError(f"{name}: is read only" if self.shell.style != "bash" else f"{name}: readonly variable")
        self.shell.variables[name] = value


def set_array(shell: Shell, name: str, values: list[str]) -> None:
    """Make a variable an array of these values."""
    for key in [key for key in shell.variables if key.startswith(f"{name}[")]:
        del shell.variables[key]
    shell.variables.pop(name, None)
    if values:
        shell.variables[name] = values[0]
    for number, value in enumerate(values[:MOST_FIELDS]):
        shell.variables[f"{name}[{number}]"] = value


class _Variables(MutableMapping[str, str]):
    """The variables as arithmetic sees them."""

    def __init__(self, expander: Expander) -> None:
        self.expander = expander

    def __getitem__(self, name: str) -> str:
        value = self.expander.value(name)
        if value is None:
            if "u" in self.expander.shell.options:
                self.expander._check_set(name)
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        self.expander.assign(name, value)

    def __delitem__(self, name: str) -> None:
        raise NotImplementedError

    def __iter__(self) -> Iterator[str]:
        return iter(self.expander.shell.variables)

    def __len__(self) -> int:
        return len(self.expander.shell.variables)


class _Building:
    """Fields in the making: each a list of texts, quoted or not."""

    def __init__(self, ifs: str | None) -> None:
        self.ifs = " \t\n" if ifs is None else ifs
        self.done: list[list[tuple[str, bool]]] = []
        self.field: list[tuple[str, bool]] = []
        self.begun = False

    def add(self, text: str, quoted: bool) -> None:
        if text or quoted:
            self.field.append((text, quoted))
            self.begun = True

    def finish(self) -> None:
        if self.begun:
            self.done.append(self.field)
            if len(self.done) > MOST_FIELDS:
                raise ExpansionError("Argument list too long")
        self.field, self.begun = [], False

    def split(self, text: str) -> None:
        """Add the result of an unquoted expansion, split at the separators."""
        if not text:
            return
        if not self.ifs:
            self.add(text, False)
            return
        splitter, blanks = _splitter(self.ifs)
        if text[0] in blanks:
            self.finish()
            text = text.lstrip(blanks)
            if not text:
                return
        pieces = splitter.split(text)
        last = pieces.pop()
        for number, piece in enumerate(pieces):
            if piece or number or not self.begun:
                self.field.append((piece, False))
                self.begun = True
            self.finish()
        if last:
            self.add(last, False)


_SPLITTERS: dict[str, tuple[re.Pattern[str], str]] = {}


def _splitter(ifs: str) -> tuple[re.Pattern[str], str]:
    found = _SPLITTERS.get(ifs)
    if found is None:
        blanks = "".join(char for char in ifs if char in " \t\n")
        others = "".join(re.escape(char) for char in ifs if char not in " \t\n")
        blank = f"[{re.escape(blanks)}]" if blanks else ""
        choices = []
        if others:
            choices.append(f"{blank}*[{others}]{blank}*" if blank else f"[{others}]")
        if blank:
            choices.append(f"{blank}+")
        found = (re.compile("|".join(choices)), blanks)
        if len(_SPLITTERS) < 100:
            _SPLITTERS[ifs] = found
    return found
