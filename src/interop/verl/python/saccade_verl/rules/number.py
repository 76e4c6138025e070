"""Whether two texts are the same number, range, date, size or pair. True and False are certain, None is not."""

from typing import NamedTuple

from .javascript import js, length, sub_first, test, trim
from .quantity import Quantity, quantity
from .rational import Rational, Value, compare, decimal, significant_digits, times, to_number, whole
from .units import Unit, related_factors

_LONGEST_NUMBER = 200
_NAMES_LABELS = r"\b(?:version|dates?|what time|o'clock|clock|phone|zip|postal|code|plate|serial|chapter|section|score|ratio)\b"
_ASKS_TEMPERATURE = r"\btemperature|\bkelvin\b|\bhot\b|\bcold\b|\bheat"
_ASKS_BYTES = r"\bbytes?\b|\bmemory\b|\bfile\b|\bstorage\b"
_ASKS_PERCENT = r"%|\bper ?cent|\bpercentage"


def same_number(given: str, gold: str, question: str = "") -> bool | None:
    if max(length(given), length(gold)) > _LONGEST_NUMBER:
        return None
    verdict = _same_forms(given, gold, question)
    return None if verdict is True and given != gold and test(_NAMES_LABELS, question) else verdict


def _same_forms(given: str, gold: str, question: str) -> bool | None:
    dates = [number_parts(given), number_parts(gold)]
    if dates[0] and dates[1]:
        return _same_parts(*dates)
    pairs = [tuple_of(given), tuple_of(gold)]
    if pairs[0] and pairs[1]:
        return _same_tuple(*pairs, question)
    sizes = [size(given), size(gold)]
    if sizes[0] and sizes[1]:
        return _same_size(*sizes)
    ranges = [range_of(given), range_of(gold)]
    if ranges[0] and ranges[1]:
        return _same_range(*ranges, question)
    a, b = _read(given, gold, question), _read(gold, given, question)
    one, numbers, other = (a, dates[1], ranges[1]) if a else (b, dates[0], ranges[0])
    if one and numbers:
        return _among_parts(one, numbers.parts)
    if one and other:
        return _in_range(one, other, question)
    return None if a is None or b is None else same_quantity(a, b, question)


def _read(text: str, other: str, question: str) -> Quantity | None:
    found = quantity(text)
    letter = js(r"^[+-]?[\d.,]+ ?([kKMBmbt])$").search(text)
    if found is None or not found.value.exact or letter is None:
        return found
    n, d = found.value.exact
    sign = letter[1]
    if sign in "mbt":
        factor = 10 ** {"m": 6, "b": 9, "t": 12}[sign]
        return found._replace(maybe=[*found.maybe, Rational(n * factor, d)])
    power = {"B": 9, "M": 6}.get(sign, 3)
    is_meant = test(_ASKS_BYTES, question) if sign == "B" else sign != "M" and test(_ASKS_TEMPERATURE, question)
    read = None if is_meant else quantity(other)
    unit = read.unit if read else None
    if not is_meant and (not unit or unit.is_count):
        return found
    return found._replace(maybe=[*found.maybe, Rational(n, d * 10**power)])


class NumberParts(NamedTuple):
    sign: str
    parts: list[str]


class Range(NamedTuple):
    start: Quantity
    end: Quantity
    spaced: bool
    unclear: bool


class Size(NamedTuple):
    sides: list[str]
    unit: str


class Tuple(NamedTuple):
    bracket: str
    parts: list[str]


def range_of(text: str) -> Range | None:
    said = sub_first(r"(?<!\.)\.$", "", trim(text))
    said = sub_first(r"^between (.+) and (.+)$", lambda m: f"{m[1]} to {m[2]}", said, "i")
    said = sub_first(r"^from (?=.+ (?:to|through|until) )", "", said, "i")
    for match in js(r"\s*(?:-|~|\bto\b|\bthrough\b|\bthru\b|至|到)\s*", "i").finditer(said):
        left, right = said[: match.start()], said[match.end() :]
        is_hyphen = trim(match[0]) == "-"
        if (
            left == ""
            or right == ""
            or (is_hyphen and not (test(r"\d", left) and test(r"^[+-]?[$€£¥]?\d", right)))
        ):
            continue
        if test(r"[+*×^√π()/]", said):
            return None
        start, end = quantity(left), quantity(right)
        if not start or not end or start.variable is not None or end.variable is not None:
            continue
        if start.unit and not end.unit and not test(r"^[$€£¥]", left):
            continue
        return Range(
            start if start.unit else start._replace(unit=end.unit),
            end if end.unit else end._replace(unit=start.unit),
            is_hyphen and test(r"\s-\s", match[0]),
            is_hyphen and left.startswith("-"),
        )
    return None


def number_parts(text: str) -> NumberParts | None:
    match = js(r"^\d+([-/.:])\d+(?:\1\d+)+$").search(sub_first(r"(?<=\d)\.$", "", trim(text)))
    if match is None or (match[1] == "." and test(r"^\d{1,3}(?:\.\d{3})+$", text)):
        return None
    return NumberParts(match[1], match[0].split(match[1]))


def size(text: str) -> Size | None:
    match = js(r"^(\d[\d.]*) ?[x×*] ?(\d[\d.]*)((?: ?[x×*] ?\d[\d.]*)*) ?([a-z]*)$", "i").search(
        sub_first(r"(?<=\d)\.$", "", trim(text))
    )
    if match is None:
        return None
    more = [] if match[3] == "" else js(r" ?[x×*] ?", "i").split(match[3])[1:]
    return Size([match[1], match[2], *more], match[4].lower())


def tuple_of(text: str) -> Tuple | None:
    match = js(r"^([([])([^()[\]]+,[^()[\]]+)([)\]])$").search(sub_first(r"^[a-z]\s*=\s*", "", text, "i"))
    return None if match is None else Tuple(match[1] + match[3], [trim(part) for part in match[2].split(",")])


def _same_parts(a: NumberParts, b: NumberParts) -> bool | None:
    def year(of: NumberParts) -> bool:
        return any(len(part) == 4 for part in of.parts)

    is_alike = a.sign == b.sign and [len(part) for part in a.parts] == [len(part) for part in b.parts]
    if not is_alike and (len(a.parts) != 3 or len(b.parts) != 3 or not year(a) or not year(b)):
        return None
    return None if sorted(map(int, a.parts)) == sorted(map(int, b.parts)) else False


def _same_tuple(a: Tuple, b: Tuple, question: str) -> bool | None:
    if len(a.parts) != len(b.parts) or a.bracket != b.bracket:
        return None
    same = [same_number(part, b.parts[i], question) for i, part in enumerate(a.parts)]
    if None in same:
        return None
    if all(same):
        return True
    return None if ",".join(sorted(a.parts)) == ",".join(sorted(b.parts)) else False


def _same_size(a: Size, b: Size) -> bool | None:
    ours, theirs = _sides_of(a), _sides_of(b)
    if ours is None or theirs is None or (a.unit != b.unit and a.unit != "" and b.unit != ""):
        return None
    if len(ours) == len(theirs) and all(compare(side, theirs[i]) == 0 for i, side in enumerate(ours)):
        return True

    def area(of: list[Rational]) -> Rational:
        product = whole(1)
        for side in of:
            product = times(product, side)
        return product

    return None if compare(area(ours), area(theirs)) == 0 else False


def _sides_of(of: Size) -> list[Rational] | None:
    read = [decimal(side) for side in of.sides]
    return None if None in read else read


def _same_range(a: Range, b: Range, question: str) -> bool | None:
    ends = [same_quantity(a.start, b.start, question), same_quantity(a.end, b.end, question)]
    if a.unclear != b.unclear:
        return None
    if ends == [True, True]:
        return True if a.spaced == b.spaced or a.start.value.near < a.end.value.near else None
    if False not in ends:
        return None
    turned = [same_quantity(a.start, b.end, question), same_quantity(a.end, b.start, question)]
    if all(end is not False for end in turned):
        return None

    def difference(of: Range) -> float:
        return of.start.value.near - of.end.value.near

    return None if a.spaced and b.spaced and difference(a) > 0 and difference(a) == difference(b) else False


def _in_range(one: Quantity, of: Range, question: str) -> bool | None:
    def is_plain(part: Quantity) -> bool:
        return len(part.maybe) == 0 and not part.unsure and part.kind == "cardinal"

    if not all(map(is_plain, (one, of.start, of.end))):
        return None
    if one.unit and of.start.unit and one.unit.dimension != of.start.unit.dimension:
        return None

    def near(part: Quantity) -> float:
        return part.value.near * ((part.unit.factor if part.unit else 1) if one.unit and of.start.unit else 1)

    x, low, high = near(one), near(of.start), near(of.end)
    if same_quantity(one, of.start, question) is not False or same_quantity(one, of.end, question) is not False:
        return None
    if min(low, high) <= x <= max(low, high):
        return None
    is_difference = abs(x - (low - high)) <= 1e-9 * abs(x) or abs(x + (low - high)) <= 1e-9 * abs(x)
    return None if is_difference and (of.spaced or low > high or low < 0) else False


def _among_parts(one: Quantity, parts: list[str]) -> bool | None:
    exact = one.value.exact
    if one.unit is not None or exact is None or not any(len(part) == 4 for part in parts):
        return None
    return None if any(compare(exact, whole(int(part))) == 0 for part in parts) else False


def same_quantity(a: Quantity, b: Quantity, question: str) -> bool | None:
    if a.variable is not None and b.variable is not None and a.variable != b.variable:
        return None
    if a.unit and b.unit and a.unit.dimension != b.unit.dimension:
        return None
    verdict = _same_values(a, b, question)
    if verdict is True:
        return None if a.kind != b.kind or a.label != b.label else True
    if verdict is None or a.unsure or b.unsure or a.kind != b.kind:
        return None

    def readings(of: Quantity) -> list[Quantity]:
        return [of, *(of._replace(value=Value(exact, to_number(exact))) for exact in of.maybe)]

    may = any(
        _same_values(one, other, question) is not False for one in readings(a) for other in readings(b)
    )
    return None if may else False


def _same_values(a: Quantity, b: Quantity, question: str) -> bool | None:
    def is_share(of: Quantity) -> bool:
        return of.unit is not None and of.unit.dimension == "share"

    if is_share(a) != is_share(b):
        return _same_share(a, b, question) if is_share(a) else _same_share(b, a, question)

    def factor(of: Quantity) -> float:
        return of.unit.factor if a.unit and b.unit else 1

    if a.unit and b.unit and factor(a) != factor(b):
        if not _close(a.value.near * factor(a), b.value.near * factor(b)):
            return False
        return True if _is_short(a) and _is_short(b) else None
    same = _same_value(a, b)
    if same is not False:
        return same
    unit: Unit | None = a.unit or b.unit
    if (a.unit is None) != (b.unit is None) and unit and not unit.is_count:
        for other in related_factors(unit):
            scale = other / unit.factor
            x, y = (a.value.near, b.value.near * scale) if a.unit else (b.value.near, a.value.near * scale)
            if _close(x, y):
                return None
    return False


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-12 * max(abs(a), abs(b))


def _is_short(of: Quantity) -> bool:
    return of.value.exact is None or significant_digits(of.value.exact) <= 11


def _same_value(a: Quantity, b: Quantity) -> bool | None:
    if a.value.exact and b.value.exact and compare(a.value.exact, b.value.exact) == 0:
        return True
    if not (a.value.exact and b.value.exact) and _close(a.value.near, b.value.near):
        return True if _is_short(a) and _is_short(b) else None
    return _rounded(a, b)


def _rounded(a: Quantity, b: Quantity) -> bool | None:
    if (a.decimals is None) == (b.decimals is None):
        return False
    decimals = a.decimals if a.decimals is not None else (b.decimals or 0)
    off = abs(a.value.near - b.value.near)
    if decimals >= 2 and off <= 0.5 * 10.0**-decimals:
        return True
    cut, full = (b, a) if a.decimals is None else (a, b)
    return None if decimals >= 2 and abs(cut.value.near) < abs(full.value.near) and off < 10.0**-decimals else False


def _same_share(percent: Quantity, plain: Quantity, question: str) -> bool | None:
    points = percent._replace(unit=None)
    factor = percent.unit.factor if percent.unit else 1
    part = percent.value.near * factor * 0.01
    exact = percent.value.exact and Rational(percent.value.exact.n * int(factor * 10), percent.value.exact.d * 1000)
    if plain.unit is None:
        read = points._replace(value=Value(exact, part), decimals=plain.decimals)
        if _same_value(read, plain) is True:
            return True
    is_same = _same_value(points, plain._replace(unit=None))
    if is_same is True:
        meant = test(_ASKS_PERCENT, question) or (
            factor == 1 and abs(plain.value.near) > 1 and plain.value.exact is not None
        )
        return True if meant else None
    digits = 10.0 ** -((percent.decimals or 0) + 2)
    return None if is_same is None or abs(part - plain.value.near) < digits else False
