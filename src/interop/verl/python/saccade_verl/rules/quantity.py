"""A number as an answer gives it, with its unit."""

from typing import NamedTuple

from .javascript import group, js, sub, sub_first, test, trim
from .number_words import chinese_number, english_number, is_counted_in_chinese, multiple, ordinal, roman, share
from .numeral import numeral
from .rational import Rational, Value, arithmetic, exactly, negative, times, whole
from .units import Unit, unit_of


class Quantity(NamedTuple):
    value: Value
    maybe: list[Rational] = []
    unit: Unit | None = None
    decimals: int | None = None
    variable: str | None = None
    kind: str = "cardinal"
    label: bool = False
    unsure: bool = False


def quantity(text: str) -> Quantity | None:
    said = trim(sub(r"\s+", " ", sub_first(r"(?<!\.)\.$", "", text)))
    signed = js(r"^(?:minus|negative) (?=[\d.])(.+)$", "i").search(said)
    if signed:
        return quantity("-" + signed[1])
    percent = js(r"^百分之(.+)$").search(said)
    if percent:
        return quantity(percent[1] + "%")
    equation = js(r"^(\p{L})\s*=\s*(.+)$").search(said)
    if equation:
        read = quantity(equation[2])
        return read._replace(variable=equation[1]) if read and read.variable is None else None
    for reader in (_spelled, _money, _bare, _measured, _in_words, _in_chinese):
        found = reader(said)
        if found is not None:
            return found
    return None


def _spelled(text: str) -> Quantity | None:
    nth = ordinal(text)
    if nth is not None:
        return Quantity(exactly(whole(nth)), kind="ordinal")
    in_roman = roman(text)
    return None if in_roman is None else Quantity(exactly(whole(in_roman)), unsure=True, decimals=0)


def _money(text: str) -> Quantity | None:
    match = js(r"^([+-]?) ?(US\$|[$€£¥₹]) ?([+-]?)(\d.*|\.\d.*)$").search(text)
    if match is None:
        return None
    before, sign, behind, amount_said = match.groups()
    if before != "" and behind != "":
        return None
    unit = unit_of(sign)
    said = before + behind + amount_said
    amount = _bare(said) or _measured(said, True)
    if amount is None or unit is None:
        return None
    if amount.unit is not None and amount.unit.dimension != unit.dimension:
        return None
    return amount._replace(unit=unit)


def _is_plain_sum(text: str) -> bool:
    return not test(r"[√π^()]", text) and (
        test(r"[\d.] ?[-+*×·](?: ?[-+])* ?[\d.]", text) or test(r"\d\/[\d.]+\/", text)
    )


def _bare(text: str) -> Quantity | None:
    if text == "":
        return None
    read = numeral(text)
    if read:
        maybe = [*read.maybe, negative(read.value)] if test(r"^- ", text) else read.maybe
        return Quantity(exactly(read.value), maybe, decimals=read.decimals, label=read.label, unsure=read.unsure)
    scientific = sub(r"(?<=\d) ?[x×·*] ?(?=10\^)", "*", text, "i")
    if _is_plain_sum(scientific) or not test(r"[\d√π]", text):
        return None
    value = arithmetic(scientific)
    if value is None:
        return None
    power = group(r"^(\d+)\^\(0\)$", text)
    in_brackets = test(r"^\((\d[\d.]*)\)$", text)
    if power is not None:
        maybe = [whole(int(power))]
    else:
        maybe = [negative(value.exact)] if in_brackets and value.exact else []
    return Quantity(value, maybe)


_NUMBER_THEN_UNIT = [
    (
        r"^([+-]? ?(?:\.\d+|\d+(?:[,.' ]\d+)*)(?:e[+-]?\d{1,3}(?![\p{L}\d]))?(?: \d+\/\d+|\/\d+)?)( ?)([^\d\s.,'/+*×^()-].*)$",
        "i",
    ),
    (r"^(.*[\d)π])( ?)([^\d\s()].*)$", ""),
]


def _measured(text: str, is_money: bool = False) -> Quantity | None:
    for pattern in _NUMBER_THEN_UNIT:
        match = js(*pattern).search(text)
        if match is None:
            continue
        amount = _bare(trim(match[1]))
        read = _with_rest(amount, match[3] or "", match[2] == "", is_money) if amount else None
        if read:
            return read
    return None


_MAGNITUDES = [
    (r"^[kK](?![\p{L}])", 3),
    (r"^(?:M|[mM]n|mln|mio|mil)(?![\p{L}])", 6),
    (r"^(?:B|[bB]n|BN|bil)(?![\p{L}])", 9),
    (r"^(?:[tT]n|trn)(?![\p{L}])", 12),
]
_OF_MONEY = [(r"^m(?![\p{L}])", 6), (r"^b(?![\p{L}])", 9), (r"^[Tt](?![\p{L}])", 12)]
_LOTS = r"^(?:grand|pairs?|couples?|scores?|gross|tens|dozens|teens|halves|half|thirds?|quarters?|fifths?|sets?|packs?|times|fold|myriads?|stone|ish|odd|plus|or so|something)\b"


def _with_rest(amount: Quantity, rest: str, attached: bool, is_money: bool) -> Quantity | None:
    for pattern, power in [*_OF_MONEY, *_MAGNITUDES] if is_money else _MAGNITUDES:
        sign = js(pattern).search(rest)
        if sign is None:
            continue
        scaled = _multiplied(amount, whole(10**power))
        maybe = [] if attached or len(sign[0]) > 1 or is_money else _unscaled(amount)
        return scaled and _with_unit(scaled._replace(maybe=[*scaled.maybe, *maybe]), trim(rest[len(sign[0]) :]))
    words = rest.split(" ")
    scaled: Quantity | None = amount
    used = 0
    for word in [] if attached else words:
        factor = multiple(word.lower())
        if factor is None or scaled is None:
            break
        scaled = _multiplied(scaled, factor)
        used += 1
    if scaled is None:
        return None
    if used > 0:
        return _with_unit(scaled, " ".join(words[used:]))
    part = share(amount.value.exact, words[0].lower()) if not attached and amount.value.exact else None
    if part:
        return _with_unit(amount._replace(value=exactly(part), decimals=None), " ".join(words[1:]))
    if test(r"^and (?:a|one) half$", rest, "i") and amount.value.exact and amount.decimals == 0:
        return quantity(f"{amount.value.exact.n} 1/2")
    if test(_LOTS, rest, "i"):
        return None
    unit = unit_of(rest, attached)
    if unit is not None:
        return amount._replace(unit=unit)
    return amount if test(r"^\p{Script=Han}", rest) and is_counted_in_chinese(rest) else None


def _unscaled(amount: Quantity) -> list[Rational]:
    return [*([amount.value.exact] if amount.value.exact else []), *amount.maybe]


def _multiplied(amount: Quantity, factor: Rational) -> Quantity | None:
    if not amount.value.exact:
        return None
    return amount._replace(
        value=exactly(times(amount.value.exact, factor)),
        maybe=[times(value, factor) for value in amount.maybe],
        decimals=0,
    )


def _with_unit(amount: Quantity, rest: str) -> Quantity | None:
    if rest == "":
        return amount
    unit = unit_of(rest)
    return unit and amount._replace(unit=unit)


def _in_words(text: str) -> Quantity | None:
    if not test(r"^\p{L}", text):
        return None
    said = sub(r"(?<=\p{L})-(?=\p{L})", " ", text).split(" ")
    read = english_number([word.lower() for word in said])
    if read is None:
        return None
    amount = Quantity(exactly(read.value), decimals=0 if read.is_whole else None)
    return _with_unit(amount, " ".join(said[read.used :]))


def _in_chinese(text: str) -> Quantity | None:
    read = chinese_number(text)
    if read is None:
        return None
    amount = Quantity(exactly(read.value), decimals=0 if read.is_whole else None)
    if read.rest == "":
        return amount
    unit = unit_of(trim(read.rest), False)
    if unit is not None and not unit.is_count:
        return amount._replace(unit=unit)
    return amount if is_counted_in_chinese(read.rest) else None
