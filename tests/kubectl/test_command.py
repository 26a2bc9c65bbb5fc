"""Words and flags of a line, as kubectl reads them."""

from __future__ import annotations

import pytest

from cluster.kubectl.command import Command, Flag, parse, split, switch
from cluster.kubectl.invocation import CommandError, Invocation, Run
from tests.kubectl.builders import frozen


def nothing(invocation: Invocation) -> Run:
    yield from ()
    return 0


COMMAND = Command(
    "do", nothing, "kubectl do", "Does nothing",
    flags=(
        Flag("output", short="o"), Flag("filename", "list", "f", ()), Flag("replicas", "int", absent=-1), switch("all", "A"),
        switch("wait", absent=True), Flag("dry-run", absent="none", bare="unchanged"),
    ),
)


def parsed(line: str) -> Invocation:
    return parse(COMMAND, None, split(line))


def test_it_works():
    found = parsed("a -o wide --all b --replicas=3 -n x")
    assert found.words == ("a", "b")
    assert (found.text("output"), found.on("all"), found.number("replicas"), found.namespace) == ("wide", True, 3, "x")


def test_what_does_not_stand_there():
    found = parsed("")
    assert (found.words, found.namespace, found.number("replicas"), found.on("wait")) == ((), "default", -1, True)
    assert found.given == frozenset()


@pytest.mark.parametrize("line", ["-o wide", "-owide", "-o=wide", "--output wide", "--output=wide", "-Ao wide"])
def test_spellings(line: str):
    assert parsed(line).text("output") == "wide"


def test_lists_grow_and_bools_take_values():
    assert parsed("-f a -f b,c --filename=d").many("filename") == ("a", "b", "c", "d")
    assert not parsed("--wait=false").on("wait")
    assert parsed("--dry-run").text("dry-run") == "unchanged"
    assert parsed("--dry-run=client").text("dry-run") == "client"


def test_after_two_dashes_nothing_is_a_flag():
    assert parsed("a -- -o").words == ("a", "-o")
    assert parsed("a -").words == ("a", "-")


def test_quotes_and_comments():
    assert split("get 'a b' \"c d\" e\\ f # rest") == ["get", "a b", "c d", "e f"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("--nope", "error: unknown flag: --nope\nSee 'kubectl do --help' for usage."),
        ("-x", "error: unknown shorthand flag: 'x' in -x\nSee 'kubectl do --help' for usage."),
        ("--output", "error: flag needs an argument: --output\nSee 'kubectl do --help' for usage."),
        ("-o", "error: flag needs an argument: 'o' in -o\nSee 'kubectl do --help' for usage."),
        (
            "--replicas=x",
            'error: invalid argument "x" for "--replicas" flag: strconv.ParseInt: parsing "x": invalid syntax\n'
            "See 'kubectl do --help' for usage.",
        ),
        (
            "--all=x",
            'error: invalid argument "x" for "-A, --all" flag: strconv.ParseBool: parsing "x": invalid syntax\n'
            "See 'kubectl do --help' for usage.",
        ),
    ],
)
def test_wrong_flags(line: str, text: str):
    with pytest.raises(CommandError) as caught:
        parsed(line)
    assert caught.value.text == text


def test_an_open_quote():
    assert frozen().run("get 'pods").stderr == "error: no closing quotation\n"


def test_an_empty_line_does_nothing():
    for line in ("", "   ", "# a comment"):
        result = frozen().run(line)
        assert (result.stdout, result.stderr, result.code) == ("", "", 0)


def test_an_unknown_command():
    result = frozen().run("kubectl gt pods")
    assert result.stderr == 'error: unknown command "gt" for "kubectl"\n\nDid you mean this?\n\tget\n'
    assert result.code == 1


@pytest.mark.parametrize("operator", ["|", "&&", ";", ">"])
def test_the_console_is_no_shell(operator: str):
    assert frozen().run(f"get pods {operator} x").stderr == (
        f'error: "{operator}" is a shell\'s; this console runs one command per line and no other programs\n'
    )
    assert split(f"run a -- sh -c 'a {operator} b'")[-1] == f"a {operator} b"
