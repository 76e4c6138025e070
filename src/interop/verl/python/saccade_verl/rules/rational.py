"""Fractions of whole numbers, not reduced, and expressions of them."""

import math
import re
from typing import NamedTuple

from .javascript import js, sub, test, trim

MOST_DIGITS = 600


class Rational(NamedTuple):
    n: int
    d: int


def whole(n: int) -> Rational:
    return Rational(n, 1)


HALF = Rational(1, 2)


def ratio(n: int, d: int) -> Rational | None:
    if d == 0:
        return None
    return Rational(-n, -d) if d < 0 else Rational(n, d)


def decimal(text: str) -> Rational | None:
    match = js(r"^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$", "i").search(text)
    if match is None:
        return None
    sign, before, after, exponent = match[1], match[2], match[3] or "", match[4] or "0"
    if before + after == "" or len(text) > MOST_DIGITS:
        return None
    shift = int(exponent) - len(after)
    if abs(shift) > MOST_DIGITS:
        return None
    digits = int(before + after) * (-1 if sign == "-" else 1)
    return whole(digits * 10**shift) if shift >= 0 else Rational(digits, 10**-shift)


def plus(a: Rational, b: Rational) -> Rational:
    return Rational(a.n * b.d + b.n * a.d, a.d * b.d)


def times(a: Rational, b: Rational) -> Rational:
    return Rational(a.n * b.n, a.d * b.d)


def negative(a: Rational) -> Rational:
    return Rational(-a.n, a.d)


def over(a: Rational, b: Rational) -> Rational | None:
    return ratio(a.n * b.d, a.d * b.n)


def compare(a: Rational, b: Rational) -> int:
    difference = a.n * b.d - b.n * a.d
    return (difference > 0) - (difference < 0)


def reduced(a: Rational) -> Rational:
    common = math.gcd(a.n, a.d)
    return Rational(a.n // common, a.d // common) if common > 1 else a


def power(base: Rational, exponent: Rational) -> Rational | None:
    n, d = reduced(exponent)
    if d != 1 or n > 1000 or n < -1000:
        return None
    by = abs(n)
    longest = max(len(str(base.n)), len(str(base.d)))
    if longest * by > MOST_DIGITS:
        return None
    raised = Rational(base.n**by, base.d**by)
    return ratio(raised.d, raised.n) if n < 0 else raised


def _double(n: int) -> float:
    try:
        return float(n)
    except OverflowError:
        return math.inf if n > 0 else -math.inf


def divided(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b


def to_number(a: Rational) -> float:
    excess = max(0, min(len(format(a.n, "b")), len(format(a.d, "b"))) - 1000)
    return divided(_double(a.n >> excess), _double(a.d >> excess))


def significant_digits(value: Rational) -> int:
    n, d = reduced(value)
    return max(len(re.sub(r"^-|0+$", "", str(n))), len(re.sub(r"0+$", "", str(d))))


class Value(NamedTuple):
    """Exact where it is a fraction of whole numbers; else a double alone."""

    exact: Rational | None
    near: float


def exactly(exact: Rational) -> Value:
    return Value(exact, to_number(exact))


def _nearly(near: float) -> Value | None:
    return Value(None, near) if math.isfinite(near) else None


def arithmetic(text: str) -> Value | None:
    """The value of an expression of numbers, + - * / ^, brackets, root and pi; None where the text is anything else."""
    signs = trim(sub(r"\s+", " ", text).replace("⁄", "/").replace("×", "*"))
    tokens = [found[0] for found in js(r"\d+(?:\.\d*)?(?:e[+-]?\d{1,3})?|\.\d+|\S", "i").finditer(signs)]
    if not tokens or len(tokens) > 64:
        return None
    if test(r"[\d.] +[\d.]", signs):
        return None
    return _Reader(tokens).whole()


class _Reader:
    def __init__(self, tokens: list[str]):
        self.tokens = tokens
        self.at = 0

    def whole(self) -> Value | None:
        value = self.sum()
        return value if self.at == len(self.tokens) else None

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *signs: str) -> str | None:
        if self.next not in signs:
            return None
        self.at += 1
        return self.tokens[self.at - 1]

    def sum(self) -> Value | None:
        left = self.product()
        sign = self.take("+", "-")
        while sign is not None and left is not None:
            right = self.product()
            left = right and _sum(left, right if sign == "+" else _minus(right))
            sign = self.take("+", "-")
        return left

    def product(self) -> Value | None:
        left = self.signed()
        while left is not None:
            sign = self.take("*", "/")
            if sign is None and not test(r"^[√π(]$", self.next):
                return left
            right = self.power() if sign is None else self.signed()
            left = right and (_quotient(left, right) if sign == "/" else _product(left, right))
        return None

    def signed(self) -> Value | None:
        sign = self.take("+", "-")
        value = self.power()
        return _minus(value) if value is not None and sign == "-" else value

    def power(self) -> Value | None:
        base = self.atom()
        if base is None or self.take("^") is None:
            return base
        exponent = self.signed()
        return exponent and _raised(base, exponent)

    def atom(self) -> Value | None:
        if self.take("√") is not None:
            value = self.atom()
            return None if value is None or value.near < 0 else _root(value)
        if self.take("π") is not None:
            return _nearly(math.pi)
        if self.take("(") is not None:
            value = self.sum()
            return None if self.take(")") is None else value
        if not test(r"^[\d.]", self.next):
            return None
        read = decimal(self.next)
        if read is None:
            return None
        self.at += 1
        return exactly(read)


def _minus(a: Value) -> Value:
    return Value(a.exact and negative(a.exact), -a.near)


def _sum(a: Value, b: Value) -> Value | None:
    return exactly(plus(a.exact, b.exact)) if a.exact and b.exact else _nearly(a.near + b.near)


def _product(a: Value, b: Value) -> Value | None:
    return exactly(times(a.exact, b.exact)) if a.exact and b.exact else _nearly(a.near * b.near)


def _quotient(a: Value, b: Value) -> Value | None:
    if not a.exact or not b.exact:
        return _nearly(divided(a.near, b.near))
    exact = over(a.exact, b.exact)
    return exact and exactly(exact)


def _raised(base: Value, exponent: Value) -> Value | None:
    exact = power(base.exact, exponent.exact) if base.exact and exponent.exact else None
    if exact:
        return exactly(exact)
    try:
        near = base.near**exponent.near
    except (OverflowError, ZeroDivisionError):
        return None
    if isinstance(near, complex) or near == 0:
        return None
    return _nearly(near)


def _root(value: Value) -> Value | None:
    of = math.sqrt(value.near)
    whole_root = of.is_integer() and abs(of) <= 2**53 - 1
    if value.exact and whole_root and value.exact.n == int(of) ** 2 * value.exact.d:
        return exactly(whole(int(of)))
    return _nearly(of)
