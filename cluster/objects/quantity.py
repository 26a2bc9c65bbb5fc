"""Amounts of resources such as `250m`, `1.5Gi` or `2e3`, calculated exactly.

Defined by apimachinery/pkg/api/resource/quantity.go and suffix.go. Documents keep quantities as strings;
this module reads them as fractions and writes the string that an API server would serve.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

# What a document may hold where a quantity is meant, and what the calculations here return.
Amount = str | int | float | Fraction

FORMAT_ERROR = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
NUMERIC_ERROR = "unable to parse numeric part of quantity"
SUFFIX_ERROR = "unable to parse quantity's suffix"


class QuantityError(ValueError):
    """The text is no quantity; the message is the API server's."""


class Family(Enum):
    """The kind of suffix that a quantity was written with and is written with again."""

    DECIMAL_SI = "DecimalSI"
    BINARY_SI = "BinarySI"
    DECIMAL_EXPONENT = "DecimalExponent"


class _Parsed(NamedTuple):
    amount: Fraction
    family: Family
    text: str | None  # the spelling, when the server keeps it


# More permissive than the expression in the error message, as the server's own scanner is: "1.", ".5" and "+" pass.
_SCANNER = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {0: "", **{power: suffix for suffix, power in _BINARY.items()}}
_EXPONENT = re.compile(r"[eE]([+-]?\d+)", re.ASCII)

_NANO = 10**9
_MAX_BINARY = 2**63 - 1
# The server works in 18 significant decimal digits before it turns to unlimited numbers.
_FAST_DIGITS = 18
# Longer numbers and exponents only serve to exhaust memory; no resource comes near.
_MAX_DIGITS = 1000


def parse(quantity: Amount) -> Fraction:
    """The exact amount, in the quantity's own unit (cores, bytes, pieces). Raises QuantityError."""
    if isinstance(quantity, Fraction):
        return quantity
    return _parsed(quantity).amount


def family(quantity: str | int | float) -> Family:
    """The kind of suffix that the quantity is written with. Raises QuantityError."""
    return _parsed(quantity).family


def value(quantity: Amount) -> int:
    """The amount as a whole number, rounded away from zero (Quantity.Value)."""
    return _rounded_away(parse(quantity))


def milli_value(quantity: Amount) -> int:
    """The amount in thousandths, rounded away from zero (Quantity.MilliValue)."""
    return _rounded_away(parse(quantity) * 1000)


def canonical(quantity: str | int | float) -> str:
    """The string that an API server serves for what a client sent: `0.5` gives `500m`, `1024Ki` gives `1Mi`."""
    parsed = _parsed(quantity)
    if parsed.text is not None:
        return parsed.text
    return format(parsed.amount, parsed.family)


def remembered(quantity: str | int | float) -> str:
    """The spelling that ParseQuantity keeps beside the amount; "" when it would calculate it anew, as for `128Mi`."""
    parsed = _parsed(quantity)
    return parsed.text or ("0" if parsed.amount == 0 else "")


def round_up_milli(quantity: str | int | float) -> str:
    """The canonical string with nothing finer than a thousandth, as resource lists are defaulted.

    Defined by SetDefaults_ResourceList in pkg/apis/core/v1/defaults.go.
    """
    parsed = _parsed(quantity)
    if (parsed.amount * 1000).denominator == 1:
        return canonical(quantity)
    return format(Fraction(_rounded_away(parsed.amount * 1000), 1000), parsed.family)


def format(amount: Fraction | int, family: Family = Family.DECIMAL_SI) -> str:  # the real method's name
    """The canonical string of an amount: the largest suffix that needs no fraction (CanonicalizeBytes)."""
    amount = Fraction(amount)
    if amount == 0:
        return "0"
    if family is Family.BINARY_SI and abs(amount) >= 1024 and amount.denominator == 1:
        return _format_binary(amount.numerator)
    return _format_decimal(amount, family)


def total(quantities: Iterable[str | int | float]) -> str:
    """The sum, written in the family of the first quantity that is not zero (Quantity.Add)."""
    amount = Fraction(0)
    kept = Family.DECIMAL_SI
    for quantity in quantities:
        parsed = _parsed(quantity)
        if amount == 0:
            kept = parsed.family
        amount += parsed.amount
    return format(amount, kept)


def add(left: str | int | float, right: str | int | float) -> str:
    """`left` + `right` in the family of `left`, unless that is zero."""
    return total((left, right))


def subtract(left: str | int | float, right: str | int | float) -> str:
    """`left` - `right` in the family of `left`, unless that is zero (Quantity.Sub)."""
    minuend, subtrahend = _parsed(left), _parsed(right)
    kept = subtrahend.family if minuend.amount == 0 else minuend.family
    return format(minuend.amount - subtrahend.amount, kept)


def compare(left: Amount, right: Amount) -> int:
    """-1, 0 or 1 as `left` is less than, equal to or greater than `right`, whatever their spelling (Quantity.Cmp)."""
    first, second = parse(left), parse(right)
    return (first > second) - (first < second)


def is_zero(quantity: Amount) -> bool:
    """Whether the amount is nothing."""
    return parse(quantity) == 0


def _parsed(quantity: str | int | float) -> _Parsed:
    # Text is the cache's key: 1, 1.0 and True would share one entry although they are written differently.
    if isinstance(quantity, str):
        return _parse_text(quantity)
    if isinstance(quantity, bool) or not isinstance(quantity, int | float):
        raise QuantityError(FORMAT_ERROR)
    if isinstance(quantity, float) and quantity.is_integer():
        quantity = int(quantity)
    return _parse_text(str(quantity))


@lru_cache(maxsize=8192)
def _parse_text(text: str) -> _Parsed:
    text = text.strip()
    scanned = _SCANNER.fullmatch(text)
    if not text or scanned is None:
        raise QuantityError(FORMAT_ERROR)
    sign, whole, places, suffix = scanned.groups(default="")
    if len(whole) + len(places) > _MAX_DIGITS:
        raise QuantityError(NUMERIC_ERROR)
    whole = whole.lstrip("0")
    factor, kind = _interpret(suffix)
    amount = Fraction(int(whole + places or "0"), 10 ** len(places)) * factor
    # A request for next to nothing still gets the smallest amount that there is.
    amount = Fraction(_rounded_away(amount * _NANO), _NANO)
    if kind is Family.BINARY_SI:
        amount = min(amount, Fraction(_MAX_BINARY))
        if 0 < amount < 1:
            kind = Family.DECIMAL_SI
    kept = text if _keeps_spelling(whole, places, suffix, amount) else None
    return _Parsed(-amount if sign == "-" else amount, kind, kept)


def _interpret(suffix: str) -> tuple[Fraction, Family]:
    if suffix in _DECIMAL:
        return _power_of_ten(_DECIMAL[suffix]), Family.DECIMAL_SI
    if suffix in _BINARY:
        return Fraction(1024 ** _BINARY[suffix]), Family.BINARY_SI
    exponent = _EXPONENT.fullmatch(suffix)
    if exponent is None or len(exponent[1]) > 10:
        raise QuantityError(SUFFIX_ERROR)
    if abs(int(exponent[1])) > _MAX_DIGITS:
        raise QuantityError(NUMERIC_ERROR)
    return _power_of_ten(int(exponent[1])), Family.DECIMAL_EXPONENT


def _power_of_ten(exponent: int) -> Fraction:
    return Fraction(10**exponent) if exponent >= 0 else Fraction(1, 10**-exponent)


def _keeps_spelling(whole: str, places: str, suffix: str, amount: Fraction) -> bool:
    """Whether ParseQuantity takes the text for canonical without calculating; it lets `1.500` and `+1` pass."""
    digits = (whole or "0") + places
    if suffix in _BINARY:
        precision = 15 - len(whole) - 3 * _BINARY[suffix] - 1  # ten bits are about three decimal digits
        return not places and precision >= 0 and int(digits) % 8 != 0 and amount < _MAX_BINARY
    exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    scale = exponent - len(places)
    if len(digits) > _FAST_DIGITS or scale < -9:
        return False
    return scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def _rounded_away(amount: Fraction) -> int:
    whole = -(-abs(amount.numerator) // amount.denominator)
    return whole if amount >= 0 else -whole


def _format_binary(amount: int) -> str:
    power = 0
    while power < 6 and amount % 1024 == 0:
        amount //= 1024
        power += 1
    return f"{amount}{_BINARY_SUFFIX[power]}"


def _format_decimal(amount: Fraction, family: Family) -> str:
    mantissa, exponent = _rounded_away(amount * _NANO), -9
    while mantissa % 1000 == 0 and (family is Family.DECIMAL_EXPONENT or exponent < 18):
        mantissa //= 1000
        exponent += 3
    if family is Family.DECIMAL_EXPONENT:
        return f"{mantissa}e{exponent}" if exponent else str(mantissa)
    return f"{mantissa}{_DECIMAL_SUFFIX[exponent]}"
