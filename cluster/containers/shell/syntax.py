"""The grammar of the shell (POSIX Shell Command Language 2.10): text to a tree of commands.

A word is a tuple of parts:
    ("L", text)                 unquoted text: patterns in it are expanded
    ("Q", text)                 quoted text
    ("V", name, op, word, quoted)   a parameter; op "" or "#len", ":-", "%%", …; word: the operator's word or None
    ("C", number, quoted)       a command substitution: its number among the unit's
    ("A", word, quoted)         an arithmetic expansion
    ("~", user)                 a home directory
    ("ARRAY", words)            the value of `name=(…)` in bash
A parameter of bash may have an index: "name[1]", "name[@]".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Part = tuple
Word = tuple[Part, ...]

MOST_SCRIPT = 1 << 20  # characters
DEEPEST = 60

_META = frozenset(" \t\n;&|<>()")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_BASH_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]\s]*\])?\+?=")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_BASH_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?|[0-9]+|[@*#?$!-]")
_LENGTH = re.compile(r"#([A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?|[0-9]+|[@*#?$!-])?\}")
_PLAIN = re.compile(r"[^ \t\n;&|<>()'\"\\$`#~{}*?\[\]=!]+")
_IN_QUOTES = re.compile(r"[^\"\\$`]+")
_OPERATORS = ("<<-", "<<<", "&>>", "&&", "||", ";;", "<<", ">>", "<&", ">&", "<>", ">|", "&>", ";", "&", "|", "(", ")", "<", ">")
_REDIRECTIONS = frozenset({"<", ">", ">>", "<<", "<<-", "<<<", "<&", ">&", "<>", ">|", "&>", "&>>"})
_RESERVED = frozenset(
    {
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "while",
        "until",
        "for",
        "do",
        "done",
        "case",
        "esac",
        "in",
        "{",
        "}",
        "!",
        "function",
        "[[",
        "select",
        "time",
    }
)
_CLOSING = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}", "in"})


class ShellSyntaxError(Exception):
    """A script that is no script; `str()` is what comes after the shell's name and line."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, slots=True)
class Redirection:
    fd: int | None
    operator: str
    word: Word  # the file, the descriptor, or the text of a here-document


@dataclass(frozen=True, slots=True)
class Simple:
    assignments: tuple[tuple[str, bool, Word], ...]  # name, whether it is `+=`, value
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    commands: tuple[Command, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class AndOr:
    first: Command
    rest: tuple[tuple[str, Command], ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[tuple[Command, bool], ...]  # command, whether it runs in the background


@dataclass(frozen=True, slots=True)
class If:
    branches: tuple[tuple[Sequence, Sequence], ...]
    otherwise: Sequence | None


@dataclass(frozen=True, slots=True)
class Loop:
    until: bool
    condition: Sequence
    body: Sequence


@dataclass(frozen=True, slots=True)
class For:
    name: str
    words: tuple[Word, ...] | None  # None: the positional parameters
    body: Sequence


@dataclass(frozen=True, slots=True)
class ForArithmetic:
    start: Word
    condition: Word
    step: Word
    body: Sequence


@dataclass(frozen=True, slots=True)
class Case:
    word: Word
    branches: tuple[tuple[tuple[Word, ...], Sequence], ...]


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    body: Command


@dataclass(frozen=True, slots=True)
class Subshell:
    body: Sequence


@dataclass(frozen=True, slots=True)
class Group:
    body: Sequence


@dataclass(frozen=True, slots=True)
class Arithmetic:
    word: Word


@dataclass(frozen=True, slots=True)
class Redirected:
    command: Command
    redirections: tuple[Redirection, ...]


Command = (
    Simple
    | Pipeline
    | AndOr
    | Sequence
    | If
    | Loop
    | For
    | ForArithmetic
    | Case
    | Function
    | Subshell
    | Group
    | Arithmetic
    | Redirected
)


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed unit: its commands, and those of its command substitutions by number."""

    body: Sequence
    substitutions: tuple[Sequence, ...]


@dataclass(slots=True)
class _HereDocument:
    delimiter: str
    quoted: bool
    strip: bool
    word: list[Part] = field(default_factory=list)


def parse(text: str, *, bash: bool = False) -> Script:
    """A script; raises ShellSyntaxError."""
    if len(text) > MOST_SCRIPT:
        raise ShellSyntaxError("script too long", 1)
    parser = _Parser(text, bash, [], 0)
    body = parser.sequence(frozenset())
    if parser.at < len(text):
        raise parser.unexpected()
    return Script(body, tuple(parser.substitutions))


def plain(word: Word) -> str | None:
    """The text of a word without quotes and expansions, else None."""
    if len(word) == 1 and word[0][0] == "L":
        return str(word[0][1])
    if word and all(part[0] == "L" for part in word):
        return "".join(part[1] for part in word)
    return None


class _Parser:
    def __init__(self, text: str, bash: bool, substitutions: list[Sequence], depth: int) -> None:
        self.text, self.at, self.bash, self.depth = text, 0, bash, depth
        self.substitutions = substitutions
        self.waiting: list[_HereDocument] = []

    # --- errors, blanks ----------------------------------------------------------------------------------------------

    def error(self, text: str) -> ShellSyntaxError:
        return ShellSyntaxError(text, self.text.count("\n", 0, self.at) + 1)

    def unexpected(self) -> ShellSyntaxError:
        self.blanks()
        if self.at >= len(self.text):
            return self.error("syntax error: unexpected end of file")
        found = self.operator() or ("newline" if self.text[self.at] == "\n" else self._raw_word())
        return self.error(f'syntax error: unexpected "{found}"')

    def _raw_word(self) -> str:
        end = self.at
        while end < len(self.text) and self.text[end] not in _META:
            end += 1
        return self.text[self.at : end][:60] or self.text[self.at]

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error("syntax error: nested too deeply")

    def blanks(self) -> None:
        """Skip blanks, continued lines and a comment."""
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char in " \t\r":
                self.at += 1
            elif char == "\\" and text.startswith("\\\n", self.at):
                self.at += 2
            elif char == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            else:
                return

    def newlines(self) -> None:
        """Skip blanks and ends of lines; here-documents begin after such an end."""
        while True:
            self.blanks()
            if not self.text.startswith("\n", self.at):
                return
            self.at += 1
            self.here_documents()

    def operator(self) -> str:
        """The operator that comes next, or ""."""
        for found in _OPERATORS:
            if self.text.startswith(found, self.at):
                if not self.bash and found in ("&>", "&>>", "<<<"):
                    continue
                return found
        return ""

    def accept(self, operator: str) -> bool:
        self.blanks()
        if self.operator() != operator:
            return False
        self.at += len(operator)
        return True

    def peek(self) -> str:
        """The unquoted word that comes next, when it may be a reserved one."""
        self.blanks()
        end = self.at
        text = self.text
        while end < len(text) and text[end] not in _META:
            if text[end] in "'\"\\$`":
                return ""
            end += 1
        return text[self.at : end]

    def take(self, word: str) -> None:
        """The reserved word that has to come now."""
        if self.peek() != word:
            self._fail_expecting(word)
        self.at += len(word)

    def _fail_expecting(self, word: str) -> None:
        found = self.unexpected()
        raise ShellSyntaxError(f'{found} (expecting "{word}")', found.line)

    # --- lists of commands -------------------------------------------------------------------------------------------

    def sequence(self, ends: frozenset[str]) -> Sequence:
        """Commands up to one of these reserved words, a closing bracket, or the end; not empty inside of something."""
        self.deeper()
        items: list[tuple[Command, bool]] = []
        self.newlines()
        while self.at < len(self.text):
            if self.text[self.at] == ")" or self.text.startswith(";;", self.at):
                break
            word = self.peek()
            if word in ends:
                break
            if word in _CLOSING:
                raise self.unexpected()
            command = self.and_or()
            self.blanks()
            operator = self.operator()
            background = operator == "&"
            items.append((command, background))
            if operator in (";", "&"):
                self.at += 1
            elif not self.text.startswith("\n", self.at):
                break
            self.newlines()
        self.depth -= 1
        return Sequence(tuple(items))

    def body(self, *ends: str) -> Sequence:
        found = self.sequence(frozenset(ends))
        if not found.items:
            raise self.unexpected()
        return found

    def and_or(self) -> Command:
        first = self.pipeline()
        rest: list[tuple[str, Command]] = []
        while True:
            self.blanks()
            operator = self.operator()
            if operator not in ("&&", "||"):
                return AndOr(first, tuple(rest)) if rest else first
            self.at += 2
            self.newlines()
            rest.append((operator, self.pipeline()))

    def pipeline(self) -> Command:
        negated = False
        while self.peek() == "!":
            self.at += 1
            negated = not negated
        commands = [self.command()]
        while True:
            self.blanks()
            if self.operator() != "|":
                break
            self.at += 1
            if self.bash and self.text.startswith("&", self.at):
                self.at += 1
                commands[-1] = Redirected(commands[-1], (Redirection(2, ">&", (("L", "1"),)),))
            self.newlines()
            commands.append(self.command())
        if len(commands) == 1 and not negated:
            return commands[0]
        return Pipeline(tuple(commands), negated)

    # --- commands ----------------------------------------------------------------------------------------------------

    def command(self) -> Command:
        self.deeper()
        word = self.peek()
        found = self._compound(word)
        if found is None:
            found = self._function(word) or self.simple()
        else:
            redirections = self.redirections()
            if redirections:
                found = Redirected(found, redirections)
        self.depth -= 1
        return found

    def _compound(self, word: str) -> Command | None:
        if word == "" or word not in _RESERVED:
            if not self.text.startswith("(", self.at):
                return None
            if self.bash and self.text.startswith("((", self.at):
                return self._double_brackets()
            self.at += 1
            body = self.body()
            self._close()
            return Subshell(body)
        if word == "{":
            self.at += 1
            body = self.body("}")
            self.take("}")
            return Group(body)
        if word == "if":
            return self._if()
        if word in ("while", "until"):
            self.at += 5
            condition = self.body("do")
            return Loop(word == "until", condition, self._do())
        if word == "for":
            self.at += 3
            return self._for()
        if word == "case":
            self.at += 4
            return self._case()
        if word == "[[" and self.bash:
            return None
        if word == "function" and self.bash:
            self.at += 8
            name = self.peek()
            self.at += len(name)
            if self.accept("("):
                self._close()
            self.newlines()
            return Function(name, self.command())
        if word in _CLOSING:
            raise self.unexpected()
        return None

    def _close(self) -> None:
        if not self.accept(")"):
            self._fail_expecting(")")

    def _double_brackets(self) -> Command:
        self.at += 2
        word = self._arithmetic_word("))")
        return Arithmetic(word)

    def _if(self) -> If:
        self.at += 2
        branches: list[tuple[Sequence, Sequence]] = []
        while True:
            condition = self.body("then")
            self.take("then")
            branches.append((condition, self.body("elif", "else", "fi")))
            word = self.peek()
            if word == "elif":
                self.at += 4
                continue
            otherwise = None
            if word == "else":
                self.at += 4
                otherwise = self.body("fi")
            self.take("fi")
            return If(tuple(branches), otherwise)

    def _do(self) -> Sequence:
        self.newlines()
        self.take("do")
        body = self.body("done")
        self.take("done")
        return body

    def _for(self) -> Command:
        self.blanks()
        if self.bash and self.text.startswith("((", self.at):
            self.at += 2
            start, condition = self._arithmetic_word(";"), self._arithmetic_word(";")
            step = self._arithmetic_word("))")
            self.accept(";")
            return ForArithmetic(start, condition, step, self._do())
        found = _NAME.match(self.text, self.at)
        if not found:
            raise self.error("syntax error: bad for loop variable")
        self.at = found.end()
        words: tuple[Word, ...] | None = None
        self.newlines()
        if self.peek() == "in":
            self.at += 2
            gathered: list[Word] = []
            while (word := self.word()) is not None:
                gathered.append(word)
            words = tuple(gathered)
            self.blanks()
            if self.operator() != ";" and not self.text.startswith("\n", self.at):
                raise self.unexpected()
        self.accept(";")
        return For(found[0], words, self._do())

    def _case(self) -> Case:
        word = self.word()
        if word is None:
            raise self.unexpected()
        self.newlines()
        self.take("in")
        branches: list[tuple[tuple[Word, ...], Sequence]] = []
        self.newlines()
        while self.peek() != "esac":
            self.accept("(")
            patterns: list[Word] = []
            while True:
                pattern = self.word()
                if pattern is None:
                    raise self.unexpected()
                patterns.append(pattern)
                if not self.accept("|"):
                    break
            self._close()
            body = self.sequence(frozenset({"esac"}))
            branches.append((tuple(patterns), body))
            self.newlines()
            if not self.accept(";;") and self.peek() != "esac":
                raise self.unexpected()
            self.newlines()
        self.take("esac")
        return Case(word, tuple(branches))

    def _function(self, word: str) -> Command | None:
        if not word or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", word):
            return None
        before = self.at
        self.at += len(word)
        self.blanks()
        if self.text.startswith("(", self.at):
            self.at += 1
            self._close()
            self.newlines()
            body = self._compound(self.peek())
            if body is None:
                if not self.bash:
                    body = self.simple()
                else:
                    raise self.unexpected()
            redirections = self.redirections()
            return Function(word, Redirected(body, redirections) if redirections else body)
        self.at = before
        return None

    def redirections(self) -> tuple[Redirection, ...]:
        found: list[Redirection] = []
        while (redirection := self.redirection()) is not None:
            found.append(redirection)
        return tuple(found)

    def redirection(self) -> Redirection | None:
        self.blanks()
        start = self.at
        digits = re.compile(r"[0-9]+(?=[<>])").match(self.text, self.at)
        fd = None
        if digits:
            fd = int(digits[0][:9])
            self.at = digits.end()
        operator = self.operator()
        if operator not in _REDIRECTIONS:
            self.at = start
            return None
        self.at += len(operator)
        word = self.word()
        if word is None:
            raise self.unexpected()
        if operator in ("<<", "<<-"):
            return Redirection(fd, "<<", self._here_document(word, operator == "<<-"))
        if operator == "<<<":
            return Redirection(fd, "<<", (*((*part[:-1], True) if part[0] in "VCA" else part for part in word), ("Q", "\n")))
        return Redirection(fd, operator, word)

    def simple(self) -> Simple:
        line = self.text.count("\n", 0, self.at) + 1 if self.at < 50_000 else 0
        assignments: list[tuple[str, bool, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        test = False
        while True:
            redirection = None if test else self.redirection()
            if redirection is not None:
                redirections.append(redirection)
                continue
            if test:
                self.newlines()
                word = self._test_word()
            else:
                pattern = _BASH_ASSIGNMENT if self.bash else _ASSIGNMENT
                found = pattern.match(self.text, self.at) if not words else None
                if found:
                    self.at = found.end()
                    name = found[0]
                    value = (
                        self._array() if self.bash and self.text.startswith("(", self.at) else self.word(assignment=True) or ()
                    )
                    assignments.append((name.removesuffix("=").removesuffix("+"), name.endswith("+="), value))
                    continue
                word = self.word()
            if word is None:
                break
            words.append(word)
            if len(words) == 1 and self.bash and plain(word) == "[[":
                test = True
            elif test and plain(word) == "]]":
                test = False
        if not words and not assignments and not redirections:
            raise self.unexpected()
        if test:
            raise self.error("syntax error: unexpected end of file")
        return Simple(tuple(assignments), tuple(words), tuple(redirections), line)

    def _array(self) -> Word:
        """`(word …)` after `name=`."""
        self.at += 1
        words: list[Word] = []
        while True:
            self.newlines()
            word = self.word()
            if word is None:
                break
            words.append(word)
        self._close()
        return (("ARRAY", tuple(words)),)

    def _test_word(self) -> Word | None:
        """Inside `[[ ]]` operators are words."""
        operator = self.operator()
        if operator in ("&&", "||", "(", ")", "<", ">"):
            self.at += len(operator)
            return (("Q", operator),)
        return self.word(regex=True)

    # --- here-documents ----------------------------------------------------------------------------------------------

    def _here_document(self, delimiter: Word, strip: bool) -> Word:
        text = "".join(str(part[1]) for part in delimiter if part[0] in "LQ")
        pending = _HereDocument(text, any(part[0] == "Q" for part in delimiter), strip)
        self.waiting.append(pending)
        # Its text comes after this line: the word is filled when the line ends.
        return (("H", pending.word),)

    def here_documents(self) -> None:
        for pending in self.waiting:
            lines: list[str] = []
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                line = line.lstrip("\t") if pending.strip else line
                if line == pending.delimiter:
                    break
                lines.append(line + "\n")
            text = "".join(lines)
            if pending.quoted:
                pending.word.append(("Q", text))
                continue
            inner = _Parser(text, self.bash, self.substitutions, self.depth)
            pending.word += inner.quoted_parts(None)
        self.waiting = []

    # --- words -------------------------------------------------------------------------------------------------------

    def word(self, *, assignment: bool = False, regex: bool = False) -> Word | None:
        """The word that comes next; None when there is none (an operator, the end)."""
        if not assignment:
            self.blanks()
        text, parts = self.text, list[Part]()
        start = self.at
        if text.startswith("~", self.at):
            found = re.compile(r"~([A-Za-z0-9_-]*)(?=[/:]|[ \t\n;&|<>()]|$)").match(text, self.at)
            if found:
                parts.append(("~", found[1]))
                self.at = found.end()
        while self.at < len(text):
            char = text[self.at]
            if char in _META:
                if regex and char in "()|" and parts:
                    parts.append(("L", char))
                    self.at += 1
                    continue
                break
            found = _PLAIN.match(text, self.at)
            if found:
                parts.append(("L", found[0]))
                self.at = found.end()
            elif char == "\\":
                self._escape(parts)
            elif char == "'":
                end = text.find("'", self.at + 1)
                if end < 0:
                    raise self.error("syntax error: unterminated quoted string")
                parts.append(("Q", text[self.at + 1 : end]))
                self.at = end + 1
            elif char == '"':
                self.at += 1
                inner = self.quoted_parts('"')
                parts += inner or [("Q", "")]
            elif char == "$":
                self.dollar(parts, False)
            elif char == "`":
                parts.append(self._backquotes(False))
            else:
                parts.append(("L", char))
                self.at += 1
        if self.at == start and not assignment:
            return None
        return _merged(parts)

    def _escape(self, parts: list[Part]) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if following == "":
            parts.append(("Q", "\\"))
            self.at = len(self.text)
        elif following != "\n":
            parts.append(("Q", following))

    def quoted_parts(self, end: str | None) -> list[Part]:
        """The parts up to a closing quote (None: up to the end of the text, as in a here-document)."""
        self.deeper()
        text, parts = self.text, list[Part]()
        while True:
            if self.at >= len(text):
                if end is None:
                    break
                raise self.error("syntax error: unterminated quoted string")
            char = text[self.at]
            if char == end:
                self.at += 1
                break
            found = _IN_QUOTES.match(text, self.at)
            if found:
                parts.append(("Q", found[0]))
                self.at = found.end()
            elif char == "\\":
                following = text[self.at + 1 : self.at + 2]
                if following == "\n":
                    pass
                elif following and following in '$`"\\' and not (end is None and following == '"'):
                    parts.append(("Q", following))
                else:
                    parts.append(("Q", "\\" + following))
                self.at += 2
            elif char == "$":
                self.dollar(parts, True)
            elif char == "`":
                parts.append(self._backquotes(True))
            else:
                parts.append(("Q", char))
                self.at += 1
        self.depth -= 1
        return parts

    def dollar(self, parts: list[Part], quoted: bool) -> None:
        """What begins with a dollar."""
        text = self.text
        following = text[self.at + 1 : self.at + 2]
        if following == "(":
            self._parentheses(parts, quoted)
            return
        if following == "{":
            self.at += 2
            self.deeper()
            parts.append(self._braces(quoted))
            self.depth -= 1
            return
        if following == "'" and self.bash and not quoted:
            end = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.S).match(text, self.at)
            if not end:
                raise self.error("syntax error: unterminated quoted string")
            parts.append(("Q", unescaped(end[1])))
            self.at = end.end()
            return
        found = _NAME.match(text, self.at + 1)
        if found:
            parts.append(("V", found[0], "", None, quoted))
            self.at = found.end()
        elif following and following in "@*#?-$!0123456789":
            parts.append(("V", following, "", None, quoted))
            self.at += 2
        else:
            parts.append(("Q" if quoted else "L", "$"))
            self.at += 1

    def _parentheses(self, parts: list[Part], quoted: bool) -> None:
        if self.text.startswith("$((", self.at):
            before = self.at
            self.at += 3
            try:
                parts.append(("A", self._arithmetic_word("))"), quoted))
                return
            except ShellSyntaxError:
                self.at = before  # a subshell in a command substitution: $( (…) )
        self.at += 2
        inner = self.sequence(frozenset())
        self._close()
        self.substitutions.append(inner)
        parts.append(("C", len(self.substitutions) - 1, quoted))

    def _backquotes(self, quoted: bool) -> Part:
        text, gathered = self.text, list[str]()
        at = self.at + 1
        while at < len(text) and text[at] != "`":
            if text[at] == "\\" and at + 1 < len(text):
                following = text[at + 1]
                special = "$`\\" + ('"' if quoted else "")
                gathered.append(following if following in special else "\\" + following)
                at += 2
            else:
                gathered.append(text[at])
                at += 1
        if at >= len(text):
            raise self.error("syntax error: EOF in backquote substitution")
        inner = _Parser("".join(gathered), self.bash, self.substitutions, self.depth + 1)
        inner.deeper()
        body = inner.sequence(frozenset())
        if inner.at < len(inner.text):
            raise inner.unexpected()
        self.at = at + 1
        self.substitutions.append(body)
        return ("C", len(self.substitutions) - 1, quoted)

    def _arithmetic_word(self, end: str) -> Word:
        """An arithmetic text up to `))` (or `;`) outside of brackets, with its expansions."""
        self.deeper()
        text, parts, open_brackets = self.text, list[Part](), 0
        while True:
            if self.at >= len(text):
                raise self.error(f'syntax error: missing "{end}"')
            if open_brackets == 0 and text.startswith(end, self.at):
                self.at += len(end)
                break
            char = text[self.at]
            if char == "$":
                self.dollar(parts, True)
                continue
            if char == "`":
                parts.append(self._backquotes(True))
                continue
            if char == ")" and open_brackets == 0:
                raise self.error('syntax error: missing "))"')
            open_brackets += (char == "(") - (char == ")")
            if char not in '\\"\n':
                parts.append(("Q", char))
            self.at += 1
        self.depth -= 1
        return _merged(parts)

    def _braces(self, quoted: bool) -> Part:
        """`${…}` after its opening brace."""
        text = self.text
        if self.bash and text.startswith("!", self.at) and _NAME.match(text, self.at + 1):
            self.at += 1
            name = self._parameter_name()
            if not text.startswith("}", self.at):
                raise self.error("Bad substitution")
            self.at += 1
            return ("V", name, "!", None, quoted)
        length = _LENGTH.match(text, self.at)
        if length:
            self.at = length.end()
            return ("V", length[1] or "#", "#len" if length[1] else "", None, quoted)
        name = self._parameter_name()
        if text.startswith("}", self.at):
            self.at += 1
            return ("V", name, "", None, quoted)
        operators = (":-", ":=", ":?", ":+", "##", "%%", "-", "=", "?", "+", "#", "%")
        found = next((operator for operator in operators if text.startswith(operator, self.at)), "")
        if not found:
            found = next(
                (
                    operator
                    for operator in ("//", "/#", "/%", "/", ":", "^^", ",,", "^", ",")
                    if text.startswith(operator, self.at)
                ),
                "",
            )
            if not found:
                raise self.error("Bad substitution")
        self.at += len(found)
        word = self._until_brace(quoted and found[-1] not in "#%/")
        return ("V", name, found, word, quoted)

    def _parameter_name(self) -> str:
        found = (_BASH_PARAMETER if self.bash else _PARAMETER).match(self.text, self.at)
        if not found:
            raise self.error("Bad substitution")
        self.at = found.end()
        return found[0]

    def _until_brace(self, quoted: bool) -> Word:
        text, parts = self.text, list[Part]()
        while True:
            if self.at >= len(text):
                raise self.error('syntax error: missing "}"')
            char = text[self.at]
            if char == "}":
                self.at += 1
                return _merged(parts)
            if char == "\\":
                if quoted and text[self.at + 1 : self.at + 2] not in ("}", "$", "`", '"', "\\", "\n"):
                    parts.append(("Q", "\\"))
                    self.at += 1
                else:
                    self._escape(parts)
            elif char == '"':
                self.at += 1
                parts += self.quoted_parts('"') or [("Q", "")]
            elif char == "'" and not quoted:
                end = text.find("'", self.at + 1)
                if end < 0:
                    raise self.error("syntax error: unterminated quoted string")
                parts.append(("Q", text[self.at + 1 : end]))
                self.at = end + 1
            elif char == "$":
                self.dollar(parts, quoted)
            elif char == "`":
                parts.append(self._backquotes(quoted))
            else:
                parts.append(("Q" if quoted else "L", char))
                self.at += 1


def _merged(parts: list[Part]) -> Word:
    """Neighbouring texts of one kind become one part."""
    merged: list[Part] = []
    for part in parts:
        if merged and part[0] in ("L", "Q") and merged[-1][0] == part[0]:
            merged[-1] = (part[0], merged[-1][1] + part[1])
        else:
            merged.append(part)
    return tuple(merged)


_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
    "\\": "\\",
    "'": "'",
    '"': '"',
}
_ESCAPE = re.compile(r"\\(0[0-7]{0,3}|[1-7][0-7]{0,2}|x[0-9A-Fa-f]{1,2}|.)", re.S)


def unescaped(text: str) -> str:
    """A text with its backslash escapes carried out, as by `printf`, `echo -e` and `$'…'`."""

    def one(found: re.Match[str]) -> str:
        what = found[1]
        if what[0] in "01234567":
            return chr(int(what, 8) & 255)
        if what[0] == "x" and len(what) > 1:
            return chr(int(what[1:], 16))
        return _ESCAPES.get(what, "\\" + what)

    return _ESCAPE.sub(one, text) if "\\" in text else text
