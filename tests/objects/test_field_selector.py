"""Field selectors: their grammar, escapes and errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.objects.selectors import FieldRequirement, FieldSelector, SelectorError


def lookup_in(fields):
    return lambda field: fields.get(field, "")


def test_it_works():
    selector = FieldSelector.parse("metadata.name=web,status.phase!=Running")
    assert selector.matches(lookup_in({"metadata.name": "web", "status.phase": "Pending"}))
    assert not selector.matches(lookup_in({"metadata.name": "web", "status.phase": "Running"}))
    assert str(selector) == "metadata.name=web,status.phase!=Running"
    assert selector.required_value("metadata.name") == "web"
    assert selector.required_value("status.phase") is None


def test_terms_are_sorted_and_empty_ones_skipped():
    assert str(FieldSelector.parse(",b=1,,a==2,")) == "a=2,b=1"


@pytest.mark.parametrize("text", ["", ",", ",,"])
def test_nothing_selects_everything(text):
    selector = FieldSelector.parse(text)
    assert selector.empty
    assert selector.matches(lookup_in({}))


def test_absent_fields_are_empty():
    assert FieldSelector.parse("spec.nodeName=").matches(lookup_in({}))
    assert not FieldSelector.parse("spec.nodeName!=").matches(lookup_in({}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "invalid selector: 'a'; can't understand 'a'"),
        ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        (r"a=\x", r"invalid field selector: invalid escape sequence: \x"),
        ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_errors(text, message):
    with pytest.raises(SelectorError) as error:
        FieldSelector.parse(text)
    assert str(error.value) == message


def test_escapes():
    assert FieldSelector.parse(r"a=b\,c\=d\\").requirements == (FieldRequirement("a", "=", "b,c=d\\"),)


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b.c"]), st.sampled_from(["=", "!="]), st.text(max_size=6)), max_size=3)
)
def test_what_is_printed_is_read_again(terms):
    selector = FieldSelector(tuple(FieldRequirement(*term) for term in terms))
    again = FieldSelector.parse(str(selector))
    assert sorted(map(str, again.requirements)) == sorted(map(str, selector.requirements))
