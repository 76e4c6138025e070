"""Numbers as JSON.stringify writes them, JSON as JSON.parse reads it: what the model reads must be the same."""

import json
import math

from .rules.javascript import trim

__all__ = ["json_text", "number_text", "parse_json", "trim", "without_image_tokens"]


def _refuse(name: str):
    raise ValueError(f"{name} is no JSON")


def parse_json(text: str):
    """JSON.parse: NaN and Infinity are errors. Raises ValueError."""
    return json.loads(text, parse_constant=_refuse)


def double(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number_text(value: int | float) -> str:
    """String(value) of JavaScript."""
    number = double(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    mantissa, _, exponent = f"{number!r}".partition("e")
    if exponent == "":
        return mantissa
    power = int(exponent)
    if mantissa.endswith(".0"):
        mantissa = mantissa[:-2]
    if -7 <= power < 0:
        sign = "-" if number < 0 else ""
        digits = mantissa.lstrip("-").replace(".", "")
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    return f"{mantissa}e{'+' if power > 0 else '-'}{abs(power)}"


def json_text(numbers) -> str:
    return "[" + ",".join("null" if not math.isfinite(double(n)) else number_text(n) for n in numbers) + "]"


def without_image_tokens(text: str) -> str:
    """An image token that a tool or a model wrote would stand for a picture that is not there."""
    return text.replace("<|image_pad|>", "<|image_pad |>")
