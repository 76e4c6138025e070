"""Numbers in English and Chinese words, ordinals, Roman numerals."""

from typing import NamedTuple

from .javascript import group, js, sub, sub_first, test, trim
from .numeral import numeral
from .rational import HALF, Rational, decimal, negative, over, plus, times, whole

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split(" ")
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ")
_POWERS = {"trillion": 12, "billion": 9, "crore": 7, "million": 6, "lakh": 5, "thousand": 3}
_SCALES = {name: whole(10**exponent) for name, exponent in _POWERS.items()}
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
    " fifteenth sixteenth seventeenth eighteenth nineteenth"
).split(" ")
_TENSTH = [sub_first(r"y$", "ieth", ten) for ten in _TENS]
_PARTS = {
    "half": 2,
    "quarter": 4,
    **{name: i + 3 for i, name in enumerate(_ORDINALS[3:11])},
    "hundredth": 100,
    "thousandth": 1000,
}


def _singular(word: str) -> str:
    return "half" if word == "halves" else sub_first(r"s$", "", word)


def is_number_word(word: str) -> bool:
    one = _singular(word)
    return (
        any(word in those or one in those for those in (_SMALL, _TENS, _ORDINALS, _TENSTH))
        or one in _SCALES
        or one in _PARTS
        or test(
            r"^(?:hundred|dozen|score|gross|couple|point|minus|negative|million(?:th)?|billion(?:th)?|quadrillion|quintillion|zillion|myriad|lac)s?$",
            word,
        )
    )


def multiple(word: str) -> Rational | None:
    one = _singular(word)
    named = {"hundred": whole(100), "dozen": whole(12), "lac": whole(100_000)}
    return named[one] if one in named else _SCALES.get(one)


def share(count: Rational, word: str) -> Rational | None:
    one = _singular(word)
    of = _PARTS.get(one)
    if of is None:
        return None
    is_one = count.n == count.d
    return times(count, Rational(1, of)) if (one == word) == is_one else None


class WordNumber(NamedTuple):
    value: Rational
    used: int
    is_whole: bool


def english_number(said: list[str]) -> WordNumber | None:
    is_negative = bool(said) and said[0] in ("minus", "negative")
    reader = _Reader(said[1:] if is_negative else said)
    read = reader.number()
    if read is None:
        return None
    value, is_whole = read
    used = reader.at + int(is_negative)
    following = said[used] if used < len(said) else ""
    is_time = following == "seconds" or (following == "second" and value.n == value.d)
    if is_number_word(following) and not is_time:
        return None
    return WordNumber(negative(value) if is_negative else value, used, is_whole)


class _Reader:
    def __init__(self, said: list[str]):
        self.said = said
        self.at = 0

    def word(self, at: int | None = None) -> str:
        at = self.at if at is None else at
        return self.said[at] if at < len(self.said) else ""

    def is_(self, *those: str) -> bool:
        found = all(self.word(self.at + i) == word for i, word in enumerate(those))
        if found:
            self.at += len(those)
        return found

    def number(self) -> tuple[Rational, bool] | None:
        if self.is_("half", "a", "dozen") or self.is_("half", "dozen"):
            return whole(6), True
        if self.is_("dozen"):
            return whole(12), True
        if self.is_("a", "half") or self.is_("half"):
            return HALF, False
        if self.word(0) == "a" and test(
            r"^(?:hundred|thousand|lakh|million|crore|billion|trillion|dozen)$", self.word(1)
        ):
            return self.behind_a()
        count = self.whole()
        return None if count is None else self.further(count)

    def behind_a(self) -> tuple[Rational, bool] | None:
        reader = _Reader(["one", *self.said[1:]])
        read = reader.number()
        self.at = reader.at
        return read

    def further(self, count: Rational) -> tuple[Rational, bool] | None:
        value = count
        is_whole = True
        if self.is_("point"):
            digits = ""
            while self.word() in _SMALL[:10]:
                digits += str(_SMALL.index(self.word()))
                self.at += 1
            if digits == "":
                return None
            value = plus(value, decimal("." + digits) or whole(0))
            is_whole = False
            scale = _SCALES.get(self.word())
            if scale:
                value = times(value, scale)
                self.at += 1
        elif self.is_("dozen") or self.is_("dozens"):
            value = times(value, whole(12))
        elif self.is_("and", "a", "half") or self.is_("and", "one", "half"):
            value = plus(value, HALF)
            is_whole = False
        else:
            part = share(value, self.word())
            if part:
                self.at += 1
                return part, False
        return value, is_whole

    def whole(self) -> Rational | None:
        total: Rational | None = None
        limit: Rational | None = None
        while True:
            start = self.at
            if total is not None:
                self.is_("and")
            part = self.below_thousand()
            if part is None:
                self.at = start
                return total
            scale = _SCALES.get(self.word())
            if scale is None:
                return plus(total or whole(0), whole(part))
            if limit is not None and scale.n >= limit.n:
                return None
            self.at += 1
            limit = scale
            total = plus(total or whole(0), times(whole(part), scale))

    def below_thousand(self) -> int | None:
        count = self.below_hundred()
        if count is None:
            return None
        if count == 0 or not self.is_("hundred"):
            return count
        start = self.at
        self.is_("and")
        rest = self.below_hundred()
        if rest is not None and rest > 0:
            return count * 100 + rest
        self.at = start
        return count * 100

    def below_hundred(self) -> int | None:
        word = self.word()
        if word not in _TENS:
            if word not in _SMALL:
                return None
            self.at += 1
            return _SMALL.index(word)
        ten = _TENS.index(word)
        self.at += 1
        one = _SMALL.index(self.word()) if self.word() in _SMALL else -1
        if one < 1 or one > 9:
            return 20 + 10 * ten
        self.at += 1
        return 20 + 10 * ten + one


def ordinal(text: str) -> int | None:
    digits = group(r"^(?:the )?(\d+)(st|nd|rd|th)$", text, flags="i")
    if digits is not None:
        return int(digits)
    said = sub(r"-", " ", sub_first(r"^the ", "", text.lower())).split(" ")
    if len(said) == 1:
        if said[0] in _ORDINALS:
            return _ORDINALS.index(said[0])
        return 20 + 10 * _TENSTH.index(said[0]) if said[0] in _TENSTH else None
    if len(said) != 2 or said[0] not in _TENS or said[1] not in _ORDINALS:
        return None
    one = _ORDINALS.index(said[1])
    return 20 + 10 * _TENS.index(said[0]) + one if 0 < one < 10 else None


def roman(text: str) -> int | None:
    if not test(r"^(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})$", text):
        return None
    each = [{"I": 1, "V": 5, "X": 10}[sign] for sign in text]
    return sum(-value if value < (each[i + 1] if i + 1 < len(each) else 0) else value for i, value in enumerate(each))


_DIGITS = "零一二三四五六七八九"
_SCALE_OF = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}


class ChineseNumber(NamedTuple):
    value: Rational
    rest: str
    is_whole: bool


def chinese_number(text: str) -> ChineseNumber | None:
    modern = sub(r"[兩两]", "二", text.replace("萬", "万").replace("億", "亿")).replace("〇", "零")
    match = js(r"^([负-]?)(.*)$", "s").search(modern)
    read = _unsigned(match[2])
    if read is None or match[1] == "":
        return read
    return read._replace(value=negative(read.value))


def _unsigned(text: str) -> ChineseNumber | None:
    mixed = js(r"^(\d[\d,.]*) ?([十百千万亿]+)(.*)$", "s").search(text)
    if mixed:
        value = numeral(mixed[1])
        if (
            value is None
            or len(value.maybe) > 0
            or not test(r"^(?:[十百千]?[万亿]?|万亿)$", mixed[2])
            or test(r"^\d", mixed[3])
        ):
            return None
        factor = 1
        for sign in mixed[2]:
            factor *= _SCALE_OF[sign]
        return ChineseNumber(times(value.value, whole(factor)), mixed[3], True)
    behind_half = group(r"^一半(.*)$", text, flags="s")
    if behind_half is not None:
        return ChineseNumber(HALF, behind_half, False)
    fraction = js(
        r"^([零一二三四五六七八九十百千万]+)分之([零一二三四五六七八九十百千万]+|\d+(?:\.\d+)?)(.*)$", "s"
    ).search(text)
    if fraction:
        below = _spelled(fraction[1])
        if test(r"^\d", fraction[2]):
            found = numeral(fraction[2])
            above = found.value if found else None
        else:
            above = _spelled(fraction[2])
        value = over(above, below) if below and above else None
        return ChineseNumber(value, fraction[3], False) if value else None
    run = js(r"^([零一二三四五六七八九十百千万亿]+)(?:点([零一二三四五六七八九]+))?(.*)$", "s").search(text)
    value = _spelled(run[1]) if run else None
    if value is None:
        return None
    if run[2] is None:
        return ChineseNumber(value, run[3], True)
    behind = "".join(str(_DIGITS.index(sign)) for sign in run[2])
    return ChineseNumber(plus(value, Rational(int(behind), 10 ** len(behind))), run[3], False)


def _spelled(run: str) -> Rational | None:
    if test(r"^[零一二三四五六七八九]+$", run):
        if 1 < len(run) < 4:
            return None
        return whole(int("".join(str(_DIGITS.index(sign)) for sign in run)))
    match = js(r"^(?:([^亿]+)亿)?零?(?:([^亿万]+)万)?(零?[^亿万]*)$").search(run)
    if match is None:
        return None
    hundred_millions, ten_thousands, ones = match[1], match[2], match[3]
    is_first = hundred_millions is None and ten_thousands is None
    if not is_first and test(r"^[一二三四五六七八九]$", ones):
        return None
    high = 0 if hundred_millions is None else _below_ten_thousand(hundred_millions)
    middle = 0 if ten_thousands is None else _below_ten_thousand(ten_thousands)
    low = 0 if ones == "" else _below_ten_thousand(sub_first(r"^零", "", ones))
    if high is None or middle is None or low is None:
        return None
    return whole(high * 100_000_000 + middle * 10_000 + low)


def _below_ten_thousand(run: str) -> int | None:
    match = js(
        r"^(?:([一二三四五六七八九])千)?(零(?=.))?(?:([一二三四五六七八九])百)?(零(?=.))?(?:([一二三四五六七八九])?(十))?([一二三四五六七八九])?$"
    ).search(run)
    if match is None or run == "":
        return None
    thousands, hundreds, tens, ten, ones = match[1], match[3], match[5], match[6], match[7]

    def value(sign: str | None) -> int:
        return 0 if sign is None else _DIGITS.index(sign)

    if (
        ones is not None
        and ten is None
        and (hundreds is not None or thousands is not None)
        and not test(r"零[^零]$", run)
    ):
        return None
    if thousands is not None and hundreds is None and ten is not None and "零" not in run:
        return None
    return (
        value(thousands) * 1000
        + value(hundreds) * 100
        + (10 * (1 if tens is None else value(tens)) if ten else 0)
        + value(ones)
    )


_COUNTED = r"^(?:[个只條条人元岁张張本辆輛头頭匹朵棵件块塊台把支位名](?:(?![不没多余餘几幾半到至或约約以左上下倍成折])\p{Script=Han}){0,4})?$"


def is_counted_in_chinese(rest: str) -> bool:
    return test(_COUNTED, trim(rest))
