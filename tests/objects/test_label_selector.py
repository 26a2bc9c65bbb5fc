"""Label selectors in both spellings, label syntax, and the node selector terms of affinity."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.objects import selectors
from cluster.objects.selectors import LabelSelector, SelectorError, node_selector_terms_match

NAME_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
    " (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def test_it_works():
    selector = LabelSelector.parse("app=web,tier in (front, back),!old")
    assert selector.matches({"app": "web", "tier": "front"})
    assert not selector.matches({"app": "web", "tier": "front", "old": ""})
    assert str(selector) == "app=web,!old,tier in (back,front)"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("", ""),
        ("  ", ""),
        ("b=1,a=2", "a=2,b=1"),
        ("a == b", "a==b"),
        ("a=", "a="),
        ("a!=,b", "a!=,b"),
        ("x in (foo,,baz),y,z notin ()", "x in (,baz,foo),y,z notin ()"),
        ("x in (,)", "x in ()"),
        ("x in (a,)", "x in (,a)"),
        ("in in (in, notin)", "in in (in,notin)"),
        ("in", "in"),
        ("a=in", "a=in"),
        ("a>5,b<7", "a>5,b<7"),
        ("example.com/app=web", "example.com/app=web"),
        ("a\t=\nb", "a=b"),
    ],
)
def test_parse_and_print(text, printed):
    assert str(LabelSelector.parse(text)) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a==b,", "found '', expected: identifier after ','"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("(a", "found '(', expected: !, identifier, or 'end of string'"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a=(", "unable to parse requirement: found '(', expected: identifier"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (b,", "unable to parse requirement: found '', expected: ',', or identifier"),
        ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
        (
            "a>x",
            'unable to parse requirement: values[0]: Invalid value: "x": '
            "for 'Gt', 'Lt' operators, the value must be an integer",
        ),
        ("a$=b", f'unable to parse requirement: <nil>: Invalid value: "a$": name part {NAME_RULE}'),
        ("a=b$", f'unable to parse requirement: values[0][a]: Invalid value: "b$": {VALUE_RULE}'),
        ("/a", 'unable to parse requirement: <nil>: Invalid value: "/a": prefix part must be non-empty'),
    ],
)
def test_parse_errors(text, message):
    with pytest.raises(SelectorError) as error:
        LabelSelector.parse(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("a!=b", {}, True),
        ("a!=b", {"a": "b"}, False),
        ("a notin (b,c)", {}, True),
        ("a notin (b,c)", {"a": "c"}, False),
        ("a in (b,c)", {}, False),
        ("a", {"a": ""}, True),
        ("a=", {}, False),
        ("a=", {"a": ""}, True),
        ("a>5", {"a": "6"}, True),
        ("a>5", {"a": "five"}, False),
        ("a>5", {}, False),
        ("a>5", {"a": "99999999999999999999"}, False),
        ("a=b,a!=b", {"a": "b"}, False),
    ],
)
def test_matches(text, labels, expected):
    assert LabelSelector.parse(text).matches(labels) is expected


def test_order_knows_negative_numbers():
    # A label value may not start with a dash, so only a program can ask this.
    requirement = selectors.Requirement("a", selectors.LESS_THAN, ("-1",))
    assert requirement.matches({"a": "-2"})
    assert not requirement.matches({"a": "0"})


def test_no_document_selects_nothing_and_an_empty_one_everything():
    nothing, everything = LabelSelector.from_document(None), LabelSelector.from_document({})
    assert not nothing.matches({}) and not nothing.empty
    assert everything.matches({"a": "b"}) and everything.matches(None) and everything.empty
    assert nothing != everything
    assert LabelSelector.from_map(None).empty


def test_document():
    document = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["b", "a"]},
            {"key": "env", "operator": "NotIn", "values": ["dev"]},
            {"key": "old", "operator": "DoesNotExist"},
            {"key": "new", "operator": "Exists"},
        ],
    }
    selector = LabelSelector.from_document(document)
    assert str(selector) == "app=web,env notin (dev),new,!old,tier in (a,b)"
    assert selectors.format_document(document) == str(selector)
    assert selector.matches({"app": "web", "tier": "a", "new": ""})
    assert selector.required_value("app") == "web"
    assert selector.required_value("tier") is None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"key": "a", "operator": "Gt", "values": ["1"]}, '"Gt" is not a valid label selector operator'),
        (
            {"key": "a", "operator": "In"},
            "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty",
        ),
        (
            {"key": "a", "operator": "Exists", "values": ["x"]},
            'values: Invalid value: ["x"]: values set must be empty for exists and does not exist',
        ),
        (
            {"key": "", "operator": "Exists"},
            f'key: Invalid value: "": name part must be non-empty; name part {NAME_RULE}',
        ),
    ],
)
def test_invalid_document(expression, message):
    with pytest.raises(SelectorError) as error:
        LabelSelector.from_document({"matchExpressions": [expression]})
    assert str(error.value) == message
    assert selectors.format_document({"matchExpressions": [expression]}) == "<error>"


def test_several_errors_are_listed_once_each():
    with pytest.raises(SelectorError) as error:
        LabelSelector.from_document({"matchExpressions": [{"key": "-", "operator": "In", "values": []}]})
    assert str(error.value).startswith('[key: Invalid value: "-": ')
    assert str(error.value).endswith("values set can't be empty]")


def test_format_without_conditions():
    assert selectors.format_document(None) == "<none>"
    assert selectors.format_document({}) == "<none>"


@pytest.mark.parametrize("key", ["a", "A.b_c-d", "example.com/a", "a" * 63, "x." * 126 + "a/n", "1/2"])
def test_valid_label_keys(key):
    assert selectors.label_key_errors(key) == ()


@pytest.mark.parametrize(
    ("key", "errors"),
    [
        ("a" * 64, ("name part must be no more than 63 bytes",)),
        ("a\n", (f"name part {NAME_RULE}",)),
        ("é", (f"name part {NAME_RULE}",)),
        ("a/", ("name part must be non-empty", f"name part {NAME_RULE}")),
    ],
)
def test_invalid_label_keys(key, errors):
    assert selectors.label_key_errors(key) == errors


def test_a_label_key_has_one_prefix():
    (error,) = selectors.label_key_errors("a/b/c")
    rest = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
    assert error == f"a valid label key {NAME_RULE}{rest}"


def test_prefix_of_a_label_key_is_a_subdomain():
    (error,) = selectors.label_key_errors("Example.com/a")
    assert error.startswith("prefix part a lowercase RFC 1123 subdomain must consist of")
    (too_long,) = selectors.label_key_errors("a" * 254 + "/n")
    assert too_long == "prefix part must be no more than 253 bytes"


@pytest.mark.parametrize("value", ["", "a", "A_b.c-1", "a" * 63])
def test_valid_label_values(value):
    assert selectors.label_value_errors(value) == ()


def test_invalid_label_values():
    assert selectors.label_value_errors("-a") == (VALUE_RULE,)
    assert selectors.label_value_errors("a b" + "c" * 61) == ("must be no more than 63 bytes", VALUE_RULE)
    assert selectors.label_value_errors("a\n") == (VALUE_RULE,)


names = st.from_regex(r"[a-z][a-z0-9]{0,3}", fullmatch=True)
requirement_texts = st.one_of(
    st.builds("{}={}".format, names, names),
    st.builds("{}!={}".format, names, names),
    names,
    st.builds("!{}".format, names),
    st.builds(lambda key, values: f"{key} in ({','.join(values)})", names, st.lists(names, min_size=1, max_size=3)),
    st.builds(lambda key, values: f"{key} notin ({','.join(values)})", names, st.lists(names, min_size=1, max_size=3)),
)


@given(st.lists(requirement_texts, max_size=4), st.dictionaries(names, names, max_size=4))
def test_what_is_printed_means_the_same(texts, labels):
    selector = LabelSelector.parse(",".join(texts))
    again = LabelSelector.parse(str(selector))
    assert again == selector
    assert hash(again) == hash(selector)
    assert again.matches(labels) == selector.matches(labels)
    assert selector.matches(labels) == all(LabelSelector.parse(text).matches(labels) for text in texts)


@given(st.text(alphabet="ab=!(),<> int", max_size=12))
def test_any_text_is_parsed_or_refused(text):
    try:
        LabelSelector.parse(text)
    except SelectorError as error:
        assert str(error)


# --- Node selector terms ---

NODE = {"zone": "a", "cores": "8"}
FIELDS = {"metadata.name": "node-1"}


def expression(key, operator, *values):
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (expression("zone", "In", "a", "b"), True),
        (expression("zone", "NotIn", "a"), False),
        (expression("disk", "NotIn", "ssd"), True),
        (expression("zone", "Exists"), True),
        (expression("zone", "DoesNotExist"), False),
        (expression("cores", "Gt", "7"), True),
        (expression("cores", "Gt", "8"), False),
        (expression("cores", "Lt", "9"), True),
        (expression("zone", "Gt", "1"), False),
        (expression("zone", "In"), False),
        (expression("zone", "Near", "a"), False),
        ({}, False),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}, True),
        ({"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["node-1"]}]}, False),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1", "node-2"]}]}, False),
        ({"matchFields": [{"key": "metadata.name", "operator": "Exists"}]}, False),
    ],
)
def test_node_selector_term(term, expected):
    assert node_selector_terms_match([term], NODE, FIELDS) is expected


def test_conditions_of_a_term_must_all_hold_and_one_term_is_enough():
    both = {
        "matchExpressions": [
            {"key": "zone", "operator": "In", "values": ["a"]},
            {"key": "cores", "operator": "Lt", "values": ["8"]},
        ]
    }
    assert not node_selector_terms_match([both], NODE, FIELDS)
    assert node_selector_terms_match([both, expression("zone", "Exists")], NODE, FIELDS)
    assert not node_selector_terms_match([], NODE, FIELDS)
    assert not node_selector_terms_match(None, NODE, FIELDS)
