"""A number in digits, and what else the same signs mean to others."""

from typing import NamedTuple

from .javascript import js, sub, test
from .rational import Rational, decimal, negative, over, plus, whole


class Numeral(NamedTuple):
    value: Rational
    maybe: list[Rational]
    decimals: int | None
    label: bool
    unsure: bool


_PLAIN = (r"^(?:\d+(?:\.(\d*))?|\.(\d+))(?:e[+-]?\d{1,3})?$", "i")
_FORMS = {
    "plain": _PLAIN,
    "commas": (r"^[1-9]\d{0,2}(?:,\d{3})+(?:\.(\d+))?$", ""),
    "indian": (r"^[1-9]\d?(?:,\d{2})+,\d{3}(?:\.(\d+))?$", ""),
    "points": (r"^[1-9]\d{0,2}(?:\.\d{3}){2,}$", ""),
    "pointsThenComma": (r"^[1-9]\d{0,2}(?:\.\d{3})+,(\d+)$", ""),
    "apostrophes": (r"^[1-9]\d{0,2}(?:'\d{3})+(?:\.(\d+))?$", ""),
    "blanks": (r"^[1-9]\d{0,2}(?: \d{3})+(?:\.(\d+))?$", ""),
    "blanksThenComma": (r"^[1-9]\d{0,2}(?: \d{3})+,(\d+)$", ""),
}


def numeral(text: str) -> Numeral | None:
    match = js(r"^([+-]?) ?(.*)$", "s").search(text)
    read = _unsigned(match[2])
    if read is None or match[1] != "-":
        return read
    return read._replace(value=negative(read.value), maybe=[negative(one) for one in read.maybe])


def _unsigned(text: str) -> Numeral | None:
    plain = js(*_PLAIN).search(text)
    if plain:
        value = decimal(text)
        if value is None:
            return None
        grouped = decimal(text.replace(".", "", 1)) if test(r"^[1-9]\d{0,2}\.\d{3}$", text) else None
        behind = plain[1] if plain[1] is not None else (plain[2] or "")
        return Numeral(
            value,
            [] if grouped is None else [grouped],
            len(behind),
            test(r"^0\d|^[1-9]\d{0,2}\.\d\d0$", text),
            False,
        )
    mixed = js(r"^(\d+) (\d+)\/(\d+)$").search(text)
    if mixed:
        part = over(whole(int(mixed[2])), whole(int(mixed[3])))
        return None if part is None else Numeral(plus(whole(int(mixed[1])), part), [], None, False, False)
    for form, pattern in _FORMS.items():
        match = js(*pattern).search(text)
        if match is None:
            continue
        if form in ("pointsThenComma", "blanksThenComma"):
            digits = sub(r"[. ]", "", text).replace(",", ".", 1)
        else:
            digits = sub(r"\." if form == "points" else r"[, ']", "", text)
        value = decimal(digits)
        if value is None:
            return None
        as_point = decimal(text.replace(",", ".", 1)) if test(r"^\d{1,3},\d{3}$", text) else None
        behind = (match[1] or "") if match.re.groups else ""
        return Numeral(value, [] if as_point is None else [as_point], len(behind), False, form.startswith("blanks"))
    return None
