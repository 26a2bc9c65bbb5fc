"""Quantities: exact amounts, the server's spelling, its errors."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.objects import quantity
from cluster.objects.quantity import Family, QuantityError

FACTORS = {
    "n": "1e-9", "u": "1e-6", "m": "1e-3", "": "1", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12",
    "Ki": "1024", "Mi": "1048576", "Gi": "1073741824", "Ti": "1099511627776",
    "e3": "1e3", "E-2": "1e-2", "e+1": "1e1",
}  # fmt: skip

quantities = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "+", "-"]),
    st.integers(0, 10**6),  # the sum of two must stay below 2^63, where a quantity is capped
    st.sampled_from(["", ".", ".5", ".25", ".125", ".001", ".0001", ".100"]),
    st.sampled_from(sorted(FACTORS)),
)


def independent_amount(text: str) -> Decimal:
    """Decimal arithmetic instead of fractions, and a suffix found from the end."""
    suffix = next(name for name in sorted(FACTORS, key=len, reverse=True) if text.endswith(name))
    number = text[: len(text) - len(suffix)].rstrip(".")
    with localcontext() as context:
        context.prec = 80
        exact = Decimal(number) * Decimal(FACTORS[suffix])
        return exact.quantize(Decimal("1e-9"), rounding=ROUND_UP)


def test_it_works():
    assert quantity.parse("1.5Gi") == 1536 * 1024 * 1024
    assert quantity.canonical("1.5Gi") == "1536Mi"
    assert quantity.milli_value("0.25") == 250


@pytest.mark.parametrize(
    ("sent", "served"),
    [
        ("0.5", "500m"),
        (".5", "500m"),
        ("1024Ki", "1Mi"),
        ("1000m", "1"),
        ("0.1Gi", "107374182400m"),
        ("1e3", "1e3"),
        ("1000e3", "1e6"),
        ("1e4", "10e3"),
        ("1E", "1E"),
        ("0.5Ki", "512"),
        ("1500Ki", "1500Ki"),
        ("0.1Ki", "102400m"),
        ("0.0Mi", "0"),
        ("-0", "0"),
        ("0", "0"),
        ("00", "0"),
        ("1.", "1."),
        ("0.1m", "100u"),
        ("1Ei", "1Ei"),
        ("16Ei", str(2**63 - 1)),
        ("123456789012345678901", "123456789012345678901"),
        (2, "2"),
        (0.5, "500m"),
        (1.0, "1"),
        (1000, "1k"),
        (" 1Gi ", "1Gi"),
        # Not what one expects, but what the server's fast path does.
        ("1.500", "1.500"),
        ("+1", "+1"),
        ("1.50", "1500m"),
    ],
)
def test_canonical(sent, served):
    assert quantity.canonical(sent) == served


@pytest.mark.parametrize(
    "text", ["", " ", "abc", "1x", "1 Gi", "1,5", "1.2.3", "1.1.M", "1+1.0M", "0.1am", "1e3m", "٣"]
)
def test_wrong_format(text):
    with pytest.raises(QuantityError) as error:
        quantity.parse(text)
    assert str(error.value) == (
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )


@pytest.mark.parametrize("text", ["1i", ".5i", "1mi", "1K", "1m5", "1e", "1ee3", "1e+", "1+5", "1MM", "--1"])
def test_wrong_suffix(text):
    with pytest.raises(QuantityError, match="unable to parse quantity's suffix"):
        quantity.parse(text)


@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "9" * 5000, "0." + "1" * 5000])
def test_numbers_made_to_exhaust_memory_are_refused(text):
    with pytest.raises(QuantityError, match="unable to parse numeric part of quantity"):
        quantity.parse(text)


@pytest.mark.parametrize("wrong", [True, None, [], {}, float("inf"), float("nan")])
def test_other_types_are_refused(wrong):
    with pytest.raises(QuantityError):
        quantity.parse(wrong)


def test_value_rounds_away_from_zero():
    assert quantity.value("1m") == 1
    assert quantity.value("-1500m") == -2
    assert quantity.milli_value("1u") == 1
    assert quantity.milli_value("-1n") == -1
    assert quantity.value(Fraction(5, 2)) == 3


def test_smaller_than_nano_becomes_nano():
    assert quantity.canonical("0.1n") == "1n"
    assert quantity.canonical("-0.1n") == "-1n"


def test_resource_lists_know_nothing_finer_than_milli():
    assert quantity.round_up_milli("100u") == "1m"
    assert quantity.round_up_milli("1.5") == "1500m"
    assert quantity.round_up_milli("1.500") == "1.500"
    assert quantity.round_up_milli("0.0000000001Gi") == "108m"


def test_total_keeps_the_family_of_the_first_that_is_not_zero():
    assert quantity.total(["512Mi", "0.5Gi"]) == "1Gi"
    assert quantity.total(["0", "1Gi", "1G"]) == "2073741824"
    assert quantity.total(["100m", "900m"]) == "1"
    assert quantity.total(["1e3", "1k"]) == "2e3"
    assert quantity.total([]) == "0"


def test_subtract_and_compare():
    assert quantity.subtract("2Gi", "512Mi") == "1536Mi"
    assert quantity.subtract("0", "1Ki") == "-1Ki"
    assert quantity.compare("1Gi", "1024Mi") == 0
    assert quantity.compare("1G", "1Gi") == -1
    assert quantity.compare("1", "999m") == 1
    assert quantity.is_zero("0Mi")


def test_huge_totals_keep_the_largest_suffix():
    assert quantity.format(10**24) == "1000000E"
    assert quantity.format(2**80, Family.BINARY_SI) == "1048576Ei"


@given(quantities)
def test_amounts_agree_with_decimal_arithmetic(text):
    assert quantity.parse(text) == Fraction(independent_amount(text))


@given(quantities)
def test_canonical_keeps_the_amount_and_is_stable(text):
    served = quantity.canonical(text)
    assert quantity.parse(served) == quantity.parse(text)
    assert quantity.canonical(served) == served


@given(quantities, quantities)
def test_sums_and_differences_agree(left, right):
    assert quantity.parse(quantity.add(left, right)) == quantity.parse(left) + quantity.parse(right)
    assert quantity.parse(quantity.subtract(left, right)) == quantity.parse(left) - quantity.parse(right)


@given(st.integers(-(10**20), 10**20), st.sampled_from(Family))
def test_format_never_writes_a_fraction_or_a_smaller_suffix_than_needed(amount, family):
    text = quantity.format(amount, family)
    assert "." not in text
    assert quantity.parse(text) == amount or abs(amount) >= 2**63
