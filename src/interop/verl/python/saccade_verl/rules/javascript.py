"""Regular expressions and texts as JavaScript means them: the rules were written there, and each must decide the same."""

import functools
import re
import sys
import unicodedata

# What String.trim() and \s take for a blank.
BLANKS = "\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_BLANK_SET = "".join(chr(code) for code in range(0x10000) if re.match(f"[{BLANKS}]", chr(code)))

# unicodedata knows no scripts, and nothing of what may be ignored.
_HAN = (
    "\u2e80-\u2e99\u2e9b-\u2ef3\u2f00-\u2fd5\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d"
    "\ufa70-\ufad9\U00016fe2-\U00016fe3\U00016ff0-\U00016ff1\U00020000-\U0002a6df\U0002a700-\U0002ebe0\U0002f800-\U0002fa1d"
    "\U00030000-\U000323af"
)
_IGNORABLE = (
    "\xad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)


@functools.cache
def _letters_of(category: str) -> str:
    """The inside of a class for a general category, such as L or Nd."""
    ranges: list[list[int]] = []
    for code in range(sys.maxunicode + 1):
        if 0xD800 <= code < 0xE000 or not unicodedata.category(chr(code)).startswith(category):
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(re.escape(chr(low)) + ("" if low == high else "-" + re.escape(chr(high))) for low, high in ranges)


def _property(name: str) -> str:
    if name == "Script=Han":
        return _HAN
    if name == "Default_Ignorable_Code_Point":
        return _IGNORABLE
    return _letters_of(name)


@functools.cache
def js(pattern: str, flags: str = "") -> re.Pattern[str]:
    """A regular expression of JavaScript; flags are i, m and s, g is the caller's matter."""
    out: list[str] = []
    at = 0
    in_class = False
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\":
            following = pattern[at + 1]
            at += 2
            if following == "p":
                end = pattern.index("}", at)
                inside = _property(pattern[at + 1 : end])
                at = end + 1
                out.append(inside if in_class else f"[{inside}]")
            elif following == "s":
                out.append(BLANKS if in_class else f"[{BLANKS}]")
            elif following == "S":
                out.append(f"[^{BLANKS}]")
            elif following == "/":
                out.append("/")
            else:
                out.append("\\" + following)
            continue
        if letter == "[" and not in_class:
            in_class = True
        elif letter == "[" and in_class:
            letter = "\\["
        elif letter == "]":
            in_class = False
        elif letter == "$" and not in_class and "m" not in flags:
            letter = "\\Z"
        out.append(letter)
        at += 1
    value = re.ASCII
    for flag in flags:
        value |= {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}[flag]
    return re.compile("".join(out), value)


def test(pattern: str, text: str, flags: str = "") -> bool:
    return js(pattern, flags).search(text) is not None


def sub(pattern: str, to, text: str, flags: str = "") -> str:
    """replace() with g; `to` is a function of the match, or a text taken as it is."""
    return js(pattern, flags).sub(to if callable(to) else lambda _: to, text)


def sub_first(pattern: str, to, text: str, flags: str = "") -> str:
    """replace() without g."""
    return js(pattern, flags).sub(to if callable(to) else lambda _: to, text, count=1)


def group(pattern: str, text: str, index: int = 1, flags: str = "") -> str | None:
    found = js(pattern, flags).search(text)
    return None if found is None else found.group(index)


def trim(text: str) -> str:
    return text.strip(_BLANK_SET)


def length(text: str) -> int:
    """In UTF-16 units, as JavaScript counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
