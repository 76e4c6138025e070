"""What a unit measures, and how much of the dimension's own unit it is."""

import math
from typing import NamedTuple

from .javascript import js, sub, sub_first, test, trim
from .number_words import is_number_word

_DIMENSIONS: dict[str, list[tuple]] = {
    "length": [
        (0.001, "mm", "millimeter", "millimetre", "毫米"),
        (0.01, "cm", "centimeter", "centimetre", "厘米", "公分"),
        (1, "m", "meter", "metre", "米"),
        (1000, "km", "kilometer", "kilometre", "公里", "千米"),
        (0.0254, "in", "inch", "inche"),
        (0.3048, "ft", "foot", "feet"),
        (0.9144, "yd", "yard"),
        (1609.344, "mi", "mile"),
    ],
    "area": [
        (1e-6, "mm2", "square millimeter", "square millimetre"),
        (1e-4, "cm2", "square centimeter", "square centimetre"),
        (1, "m2", "square meter", "square metre", "平方米"),
        (1e6, "km2", "square kilometer", "square kilometre"),
    ],
    "volume": [
        (1e-6, "cm3", "ml", "milliliter", "millilitre", "毫升", "cubic centimeter", "cubic centimetre"),
        (1e-3, "l", "liter", "litre", "升"),
        (1, "m3", "cubic meter", "cubic metre"),
    ],
    "mass": [
        (1e-6, "mg", "milligram"),
        (1e-3, "g", "gram", "gramme", "克"),
        (1, "kg", "kilogram", "kilo", "公斤", "千克"),
        (1000, "tonne", "metric ton", "吨"),
        (0.45359237, "lb", "pound"),
    ],
    "time": [
        (0.001, "ms", "millisecond"),
        (1, "s", "sec", "second", "秒"),
        (60, "min", "minute", "分钟"),
        (3600, "h", "hr", "hour", "小时"),
        (86400, "day", "天"),
        (604_800, "week"),
    ],
    "speed": [(1, "m/s"), (1 / 3.6, "km/h", "kph"), (0.44704, "mph")],
    "share": [(1, "%", "percent", "per cent", "pct"), (0.1, "‰", "per mille")],
    "angle": [(1, "°", "deg", "degree", "度"), (180 / math.pi, "rad", "radian")],
    "dollars": [(1, "$", "us$", "usd", "dollar", "us dollar", "美元"), (0.01, "cent", "¢")],
    "euros": [(1, "€", "eur", "euro", "欧元")],
    "pounds": [(1, "£", "gbp")],
    "yuan": [(1, "yuan", "rmb", "cny", "元")],
    "yen": [(1, "yen", "jpy")],
    "rupees": [(1, "₹", "rupee", "inr")],
    "yuanOrYen": [(1, "¥")],
    "kelvin": [(1, "kelvin")],
    "pixels": [(1, "px", "pixel")],
    "volts": [(1, "v", "volt")],
    "watts": [(1, "w", "watt"), (1000, "kw", "kilowatt")],
    "hertz": [(1, "hz", "hertz")],
    "celsius": [(1, "°c", "degree celsius", "celsius", "摄氏度")],
    "fahrenheit": [(1, "°f", "degree fahrenheit", "fahrenheit")],
}


class Unit(NamedTuple):
    dimension: str
    factor: float
    is_count: bool


_TABLE = {
    name: Unit(dimension, factor, False)
    for dimension, units in _DIMENSIONS.items()
    for factor, *names in units
    for name in names
}

_HEDGES = r"^(?:or|and|nor|to|of|at|by|for|from|with|without|per|than|as|more|less|fewer|greater|least|most|about|around|approximately|approx|circa|roughly|nearly|almost|ish|odd|exactly|not|no|none|never|neither|non|un|but|except|unless|if|maybe|perhaps|possibly|probably|either|instead|false|wrong|incorrect|unknown|minus|plus|times|divided|multiplied|squared|cubed|cube|square|factorial|root|mod|point|dot|comma|past|after|before|ago|until|till|through|thru|between|below|above|under|over|beyond|up|down|off|short|extra|others?|another|additional|something|some|several|many|few|am|pm|noon|midnight|oclock|bc|ad|ce|bce|st|nd|rd|th|double|triple|twice|doubled|tripled|halved|base|binary|hex|hexadecimal|octal|fold|power|et|und|oder|ou|y|e|vs|versus|x|n|i|k|m|b|t|bn|mn|tn)$"


def unit_of(text: str, attached: bool = False) -> Unit | None:
    written = sub(r"\^\(?([23])\)?", lambda m: m[1], text)
    written = sub(r"\bdegrees\b", "degree", written, "i")
    written = trim(sub_first(r"[.]$", "", written))
    name = written.lower()
    known = _TABLE.get(name) or _TABLE.get(sub_first(r"s$", "", name))
    if known:
        return known if _is_written_so(written) else None
    if any(test(_HEDGES, word) or is_number_word(word) for word in name.split(" ")):
        return None
    if len(name) < (4 if attached else 2):
        return None
    if not js(r"^(?!\p{Script=Han})\p{L}+(?: \p{L}+){0,2}$").search(name):
        return None
    counted = written if len(name) < 4 else sub_first(r"s$", "", name)
    return Unit(f"count of {counted}", 1, True)


def _is_written_so(written: str) -> bool:
    if written == written.lower() or len(written) > 3:
        return True
    if len(written) == 1:
        return test(r"[VWL]", written)
    return not test(r"^(?:M[MGSWV]|Mm|Mg|Ms|Mi|Kw)$", written)


def related_factors(unit: Unit) -> list[float]:
    return [factor for factor, *_ in _DIMENSIONS.get(unit.dimension, [])]
