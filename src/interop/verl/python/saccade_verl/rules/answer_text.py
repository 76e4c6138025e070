"""A text as it is read: without what is not seen, marks of layout and LaTeX."""

import unicodedata

from .javascript import js, sub, sub_first, test, trim

RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ"
_LOWERED = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎"
_PLAIN = "0123456789+-=()ni"
_PLAIN_OF = {**dict(zip(RAISED, _PLAIN)), **dict(zip(_LOWERED, _PLAIN))}


def on_line(run: str) -> str:
    return "".join(_PLAIN_OF.get(sign, sign) for sign in run)


_NOUGHTS = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0xF20, 0x1040,
    0x17E0, 0x1810,
]  # fmt: skip


def _ascii_digit(match) -> str:
    code = ord(match[0])
    first = next((nought for nought in _NOUGHTS if nought <= code < nought + 10), None)
    return match[0] if first is None else str(code - first)


def _behind_digits(signs: str, blanks: str, to: str):
    """`to` for a sign behind a digit and blanks: re has no lookbehind of several lengths."""
    pattern = js(rf"(\d{blanks})[{signs}]")

    def replaced(text: str) -> str:
        before = None
        while before != text:
            before = text
            text = pattern.sub(lambda match: match[1] + to, text)
        return text

    return replaced


def _apostrophes(text: str) -> str:
    text = sub(r"[‘’‚‛ʼ´ʹ]|(?<=\p{L})`(?=\p{L})", "'", text)
    return _behind_digits("′", r"\s?", "'")(text)


def _quotes(text: str) -> str:
    return _behind_digits("″", r"\s?", '"')(sub(r"[“”„‟«»「」『』《》〈〉]", '"', text))


_TYPOGRAPHY = [
    lambda text: text.replace("\u2062", "*").replace("\u2063", ",").replace("\u2064", "+"),
    lambda text: sub(r"\p{Cf}|\p{Default_Ignorable_Code_Point}|\u20e3", "", text),
    lambda text: text.replace("\u212a", " kelvin"),
    lambda text: sub(r"([⁰¹²³⁴-⁹]+)[⁄/]([₀-₉]+)", lambda m: f" {on_line(m[1])}/{on_line(m[2])}", text),
    lambda text: sub(
        r"[\u00bc-\u00be\u2150-\u215e\u2189]",
        lambda m: " " + unicodedata.normalize("NFKC", m[0]).replace("⁄", "/", 1),
        text,
    ),
    lambda text: sub(f"[{RAISED}]+", lambda m: f"^({on_line(m[0])})", text),
    lambda text: sub(r"(?<=\p{L})[₀-₎]+", lambda m: on_line(m[0]), text),
    lambda text: sub(r"[₀-₎]+", lambda m: f"_({on_line(m[0])})", text),
    _behind_digits("˚º∘", r"\s*", "°"),
    _apostrophes,
    _quotes,
    lambda text: sub(r"[‐‑‒–—―−﹣－]", "-", text),
    lambda text: sub(r"[。｡]", ".", text),
    lambda text: text.replace("、", ","),
    lambda text: sub(r"[【〔]", "(", text),
    lambda text: sub(r"[】〕]", ")", text),
    lambda text: text.replace("\u066a", "%").replace("\u066b", ".").replace("\u066c", ","),
    lambda text: sub(r"⁄|∕", "/", text),
    lambda text: sub(r"[\u2460-\u249b\u24ea]", lambda m: f" {m[0]} ", text),
    lambda text: sub(r"\p{Nd}", _ascii_digit, text),
]


def readable(text: str) -> str:
    for step in _TYPOGRAPHY:
        text = step(text)
    return blanks(sub(r"[‘’]", "'", unicodedata.normalize("NFKC", text)))


def blanks(text: str) -> str:
    return trim(sub(r"\s+", " ", text))


_PREAMBLES = [
    (
        r"^(?:(?:so|thus|therefore|hence),? )?(?:the |my )?(?:(?:final|correct|right|best) )*(?:answer|result)(?: is| would be|:| =)+:? ?(?=\S)",
        "i",
    ),
    (r"^(?:(?:因此|所以|故|综上),? ?)?(?:我的|本题)?(?:正确|最终)?的?答案(?:应该|应)?(?:[是为]:? ?|: ?)(?=\S)", ""),
]


def plain_answer(text: str) -> str:
    out = without_latex(readable(text))
    before = ""
    while before != out:
        before = out
        out = sub(
            r"(?<![\p{L}\p{N})*])(\*\*|__)(?=\S)((?:(?!\1).)+?)(?<=\S)\1(?![\p{L}\p{N}(*])", lambda m: m[2], out
        )
        out = sub_first(r"^[*_]([^*_]+)[*_]$", lambda m: m[1], out)
        out = sub_first(r"^#+ ", "", out)
        out = sub_first(r"^(`+)([^`]+)\1$", lambda m: m[2], out)
        out = sub_first(r'^"([^"]*)"([.!]?)$', lambda m: m[1] + m[2], out)
        out = sub_first(r"^'([^']*)'([.!]?)$", lambda m: m[1] + m[2], out)
        out = blanks(out)
        for pattern, flags in _PREAMBLES:
            out = sub_first(pattern, "", out, flags)
    return out


def turns_order(text: str) -> bool:
    return test(r"[\u202a-\u202e\u2066-\u2069]", text)


def boxed(text: str) -> list[str]:
    """What stands in each box of LaTeX, braces counted."""
    found = []
    for match in js(r"\\(?:boxed|fbox)\s*\{").finditer(text):
        end = _closing(text, match.end())
        if end is not None:
            found.append(trim(text[match.end() : end]))
    return found


def _closing(text: str, start: int) -> int | None:
    depth = 1
    at = start
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return None


_LOOKS = r"\\(?:text(?:rm|sf|tt|it|bf|up|sc|normal)?|math(?:rm|bf|sf|it|tt|normal)|boldsymbol|bm|emph|underline|operatorname|mbox|hbox|boxed|fbox|ensuremath)\s*\{([^{}]*)\}"
_SIGNS = [
    (r"\\(?:times|cdot)(?![a-z])", "*"),
    (r"\\div(?![a-z])", "/"),
    (r"\\pi(?![a-z])", "π"),
    (r"\\pm(?![a-z])", "±"),
    (r"\\approx(?![a-z])", "≈"),
    (r"\\leq?(?![a-z])", "≤"),
    (r"\\geq?(?![a-z])", "≥"),
    (r"\\neq?(?![a-z])", "≠"),
    (r"\\(?:[cl]?dots)(?![a-z])", "..."),
]


def without_latex(text: str) -> str:
    out = sub(r"\\[()[\]]", " ", text)
    out = sub(r"\$\$([^$]+)\$\$", lambda m: f" {m[1]} ", out)
    out = sub(r"(?<!\\)\$([^$]*[^$\\])\$(?!\d)", lambda m: f" {m[1]} ", out)
    out = sub(r"\\left(?![a-z])|\\right(?![a-z])|\\[!,;: ]|\\q?quad(?![a-z])|\\(?:display|text)style(?![a-z])", " ", out)
    out = sub(r"\\(?:rm|bf|it|sf|tt|bfseries|itshape)(?![a-z])", " ", out)
    out = sub(r"(?<=\S)~(?!\d)", " ", out)
    out = out.replace("{,}", ",")
    out = sub(r"\\[dtc]frac(?![a-z])", "\\frac", out, "i")
    out = sub(r"\^\s*\{?\s*\\circ\s*\}?|\\degree(?![a-z])", "°", out)
    for pattern, to in _SIGNS:
        out = sub(pattern, to, out)
    out = sub(r"\\([%$#&_])", lambda m: m[1], out)
    out = sub(r"\\frac\s*(\d)\s*(\d)", lambda m: f"\\frac{{{m[1]}}}{{{m[2]}}}", out)
    out = sub(r"\\sqrt\s*(\d)", lambda m: f"\\sqrt{{{m[1]}}}", out)
    before = ""
    while before != out:
        before = out
        out = sub(_LOOKS, lambda m: f" {m[1]} ", out)
        out = sub(r"(?<=\d)\s*\\frac\s*\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}", lambda m: f" {m[1]}/{m[2]}", out)
        out = sub(r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", lambda m: f"(({m[1]})/({m[2]}))", out)
        out = sub(r"\\sqrt\s*\{([^{}]*)\}", lambda m: f"√({m[1]})", out)
        out = sub(r"\^\s*\{([^{}]*)\}", lambda m: f"^({m[1]})", out)
        out = sub_first(r"^\s*\{([^{}]*)\}\s*$", lambda m: m[1], out)
    return blanks(out)
