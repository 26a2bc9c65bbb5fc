"""Random shell scripts without side effects: what a real shell and ours must agree about."""

from __future__ import annotations

import random

NAMES = ("a", "b", "c", "unset_one")
TEXTS = (
    "",
    "x",
    "one two",
    "a*b",
    "  spaced  ",
    "a/b/c.txt",
    "tab\tbed",
    "12",
    "0",
    "-3",
    "back\\\\slash",
    "quo'te",
    "[ab]",
    "~",
    "a:b:c",
)
PATTERNS = ("*", "a*", "*b", "?", "[abx]*", "*.txt", "*/", "one*", "[!a]*", "x|12", "''", "*' '*")


class Scripts:
    """Makes scripts from a seed. `i` counts loops down, so that every one of them ends."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.loops = 0

    def script(self) -> str:
        start = "; ".join(f"{name}={self.quoted(self.pick(TEXTS))}" for name in NAMES[:3])
        return f'{start}; f() {{ {self.commands(2)}; }}; {self.commands(3)}; echo "end $? $# $a"'

    def pick(self, choices):
        return choices[self.random.randrange(len(choices))]

    def quoted(self, text: str) -> str:
        return '"' + text.replace('"', '\\"').replace("$", "\\$").replace("`", "\\`") + '"'

    def commands(self, depth: int) -> str:
        return "; ".join(self.command(depth) for _ in range(self.random.randint(1, 4)))

    def command(self, depth: int) -> str:
        simple = (self.echo, self.assign, self.test_and, self.set_arguments, self.call, self.status, self.printf, self.negated)
        if depth <= 0:
            return self.pick(simple)(depth)
        compound = (
            self.if_,
            self.for_,
            self.while_,
            self.case,
            self.subshell,
            self.group,
            self.pipe,
            self.here,
            self.lists,
            self.read_loop,
        )
        return self.pick(simple + compound)(depth - 1)

    def word(self, depth: int) -> str:
        kinds = (
            lambda: self.quoted(self.pick(TEXTS)),
            lambda: f"${self.pick(NAMES)}",
            lambda: f'"${self.pick(NAMES)}"',
            lambda: f"'{self.pick(('lit', '$a', 'a b'))}'",
            lambda: self.parameter(),
            lambda: f'"{self.parameter()}"',
            lambda: f"$(({self.arithmetic(2)}))",
            lambda: self.pick(("plain", "$#", "$?", "$1", '"$@"', '"$*"', "$*", "a\\ b", "$@")),
            lambda: f"$({self.echo(0)})" if depth > 0 else "deep",
            lambda: f'"$({self.command(0)})"' if depth > 0 else "deep",
            lambda: "p$a\"q$b\"'r'",
        )
        return self.pick(kinds)()

    def parameter(self) -> str:
        name = self.pick(NAMES)
        return self.pick(
            (
                f"${{{name}:-{self.pick(('d', 'd e', '$b'))}}}",
                f"${{{name}-dash}}",
                f"${{{name}:+alt}}",
                f"${{{name}+alt $c}}",
                f"${{#{name}}}",
                f"${{{name}#{self.pick(PATTERNS[:9])}}}",
                f"${{{name}##{self.pick(PATTERNS[:9])}}}",
                f"${{{name}%{self.pick(PATTERNS[:9])}}}",
                f"${{{name}%%{self.pick(PATTERNS[:9])}}}",
                f"${{{name}}}",
            )
        )

    def arithmetic(self, depth: int) -> str:
        if depth <= 0:
            return self.pick(("1", "2", "7", "-3", "0x1f", "010", "n", "(n+1)"))
        operator = self.pick(("+", "-", "*", "/", "%", "<", ">", "==", "!=", "&&", "||", "&", "|", "^", "<<", "<="))
        left, right = self.arithmetic(depth - 1), self.arithmetic(depth - 1)
        if operator in "/%":
            right = self.pick(("3", "7", "(-2)"))
        if operator == "<<":
            right = self.pick(("1", "4"))
        return self.pick(
            (f"({left} {operator} {right})", f"{left} {operator} {right}", f"!{left}", f"-({left})", f"{left} ? {right} : 5")
        )

    def echo(self, depth: int) -> str:
        return "echo " + " ".join(
            f"={self.word(depth)}=" if self.random.random() < 0.5 else self.word(depth) for _ in range(self.random.randint(1, 3))
        )

    def printf(self, depth: int) -> str:
        return f"printf '[%s]\\n' {self.word(depth)} {self.word(depth)}"

    def assign(self, depth: int) -> str:
        return f"{self.pick(NAMES[:3])}={self.word(depth)}" if self.random.random() < 0.7 else f"n=$(({self.arithmetic(2)}))"

    def condition(self, depth: int) -> str:
        return self.pick(
            (
                f'[ "${self.pick(NAMES)}" = {self.quoted(self.pick(TEXTS))} ]',
                f'[ -z "${self.pick(NAMES)}" ]',
                f'[ -n "${self.pick(NAMES)}" ]',
                f"[ $(({self.arithmetic(1)})) -gt 1 ]",
                "true",
                "false",
                f'test "$#" -eq {self.pick((0, 1, 2))}',
                "! true",
                f'[ "${self.pick(NAMES)}" != x ] && {self.pick(("true", "false"))}',
            )
        )

    def test_and(self, depth: int) -> str:
        return f"{self.condition(depth)} {self.pick(('&&', '||'))} {self.echo(depth)}"

    def negated(self, depth: int) -> str:
        return "! " + self.pick(("true", "false", '[ -n "$a" ]'))

    def status(self, depth: int) -> str:
        return self.pick(("echo $?", "(exit 3)", "false", "true", "f_missing 2>/dev/null"))

    def set_arguments(self, depth: int) -> str:
        return f"set -- {self.word(depth)} {self.word(depth)}" if self.random.random() < 0.6 else "[ $# -gt 0 ] && shift"

    def call(self, depth: int) -> str:
        return f"f{self.pick((1, 2))} {self.word(depth)}" if depth > 0 else "echo call"

    def lists(self, depth: int) -> str:
        return f"{self.condition(depth)} && {self.command(0)} || {self.command(0)}"

    def if_(self, depth: int) -> str:
        other = f"; else {self.commands(depth)}" if self.random.random() < 0.5 else ""
        also = f"; elif {self.condition(depth)}; then {self.commands(depth)}" if self.random.random() < 0.3 else ""
        return f"if {self.condition(depth)}; then {self.commands(depth)}{also}{other}; fi"

    def leaving(self) -> str:
        return self.pick(
            ("", "", f"; {self.condition(0)} && break", f"; {self.condition(0)} && continue", "; [ $? = 0 ] || break")
        )

    def for_(self, depth: int) -> str:
        items = " ".join(self.word(depth) for _ in range(self.random.randint(0, 3)))
        name = self.pick(NAMES[:3])
        return f'for {name} in {items}; do {self.commands(depth)}{self.leaving()}; echo "$?"; done'

    def while_(self, depth: int) -> str:
        self.loops += 1
        name = f"i{self.loops}"
        word = self.pick(("while [ $", "until ! [ $"))
        return f"{name}=3; {word}{name} -gt 0 ]; do {name}=$(({name}-1)); {self.commands(depth)}{self.leaving()}; done"

    def case(self, depth: int) -> str:
        branches = " ".join(f"{self.pick(PATTERNS)}) {self.commands(depth)};;" for _ in range(self.random.randint(1, 3)))
        return f"case {self.word(depth)} in {branches} esac"

    def subshell(self, depth: int) -> str:
        return f"({self.commands(depth)})"

    def group(self, depth: int) -> str:
        return f"{{ {self.commands(depth)}; }}"

    def pipe(self, depth: int) -> str:
        return f"{{ {self.commands(depth)}; }} | cat"

    def here(self, depth: int) -> str:
        # A here-document would need lines of its own: the words go through a pipe instead.
        return f'{self.echo(depth)} | {{ read a b; echo "$b/$a"; }}'

    def read_loop(self, depth: int) -> str:
        return (
            f"printf '%s\\n' {self.word(depth)} {self.word(depth)} | while read -r a; do echo \"<$a>\"; {self.command(0)}; done"
        )
