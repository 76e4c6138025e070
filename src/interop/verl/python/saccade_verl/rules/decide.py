"""The rules in the order in which they are tried; each decides only where it is sure."""

import unicodedata
from typing import NamedTuple

from .answer_text import boxed, plain_answer, turns_order
from .javascript import js, length, sub, sub_first, test, trim
from .number import same_number
from .number_words import is_number_word
from .quantity import quantity


class Verdict(NamedTuple):
    right: bool
    rule: str


_LONGEST_RULED = 2000

# Kinds of generated scenes (src/tasks/worlds/table.ts; a test holds them equal).
WORLDS = ("needle", "hunt", "relate", "count", "read", "order")


def decide_by_rules(answer: str | None, gold_answer: str, question: str, source: str) -> Verdict | None:
    """None where a judge that reads is needed. `source` is one of WORLDS for generated scenes, whose answers have one spelling."""
    if answer is None:
        return Verdict(False, "no answer")
    if trim(answer) != "" and trim(answer) == trim(gold_answer):
        return Verdict(True, "exact")
    if source in WORLDS:
        return Verdict(False, "exact")
    if max(length(answer), length(gold_answer)) > _LONGEST_RULED:
        return None
    if turns_order(answer):
        return None
    boxes = list(dict.fromkeys(boxed(answer)))
    of_gold = boxed(gold_answer)
    gold = of_gold[-1] if of_gold else gold_answer
    asked = unicodedata.normalize("NFKC", question).lower()
    if not boxes:
        return _decide(answer, gold, asked)
    verdicts = [_decide(box, gold, asked) for box in boxes]
    first = verdicts[0]
    if len(verdicts) > 1 and (first is None or any(one is None or one.right != first.right for one in verdicts)):
        return Verdict(False, "several boxes")
    return first and Verdict(first.right, f"{first.rule} in a box")


def judge_by_rules(answer: str | None, gold_answer: str, question: str, source: str) -> Verdict:
    return decide_by_rules(answer, gold_answer, question, source) or Verdict(False, "no rule matches")


def _decide(answer: str, gold_answer: str, question: str) -> Verdict | None:
    given, gold = _plain(answer), _plain(gold_answer)
    small, gold_small = given.lower(), gold.lower()
    if small == gold_small and _signs_of(given) != _signs_of(gold):
        right = same_number(given, gold, question)
        return None if right is None else Verdict(right, "number")
    for name, rule, capitals in _RULES:
        right = rule(given, gold, question) if capitals else rule(small, gold_small, question)
        if right is not None:
            return Verdict(right, name)
    return None


def _plain(text: str) -> str:
    return sub_first(r"(?<!\.)\s*\.$", "", plain_answer(text))


def _signs_of(text: str) -> list[str]:
    return [found[0] for found in js(r"\d ?\p{L}{1,3}(?!\p{L})").finditer(text)]


def _tight(text: str) -> str:
    if not test(r"[\\^_=+*/√π]", text):
        return ""
    out = sub(r"(?<!\d) | (?!\d)", "", text)
    out = sub(r"_\{(\w+)\}", lambda m: f"_({m[1]})", out)
    return sub(r"([\^_])\((\w)\)(?!\w)", lambda m: m[1] + m[2], out)


def _same_case(given: str, gold: str, _: str) -> bool | None:
    return True if given != "" and given == gold else None


def _same_latex(given: str, gold: str, _: str) -> bool | None:
    return True if _tight(given) != "" and _tight(given) == _tight(gold) else None


def _same_count(given: str, gold: str, question: str) -> bool | None:
    if not test(r"\bhow many\b|\bnumber of\b", question):
        return None
    meant = _only_number(gold)
    if meant is None:
        return None
    known = f"{gold} {question}".lower()
    for found in js(r"\p{L}{3,}").finditer(given.lower()):
        if not is_number_word(found[0]) and sub_first(r"s$", "", found[0]) not in known:
            return None
    return same_number(given, meant, question)


_VAGUE_BEFORE = r"\b(?:about|approximately|around|roughly|nearly|almost|over|under|above|below|than|least|most|up to|another|other)$"
_VAGUE_AFTER = r"^(?:\S+ )?(?:or|at least|at most|ish|plus|minus)\b"


def _only_number(sentence: str) -> str | None:
    written = [sub(r"""^[("']+|[)"',.;:!?]+$""", "", word) for word in js(r"\s+").split(sentence)]
    words = [word.lower() for word in written]
    if any(test(r"^(?:not?|none|never|except|but|either|neither|nor)$|n't$", word) for word in words):
        return None

    def is_number(i: int, word: str) -> bool:
        if test(r"\p{N}", word):
            return True
        before = words[i - 1] if i > 0 else ""
        if word == "one" and test(r"^(?:the|this|that|which|each|every|any|another|other)$", before):
            return False
        return all(map(is_number_word, word.split("-"))) and not test(
            r"^(?:second|seconds|point|minus|couple)$", word
        )

    numbers = [is_number(i, word) for i, word in enumerate(words)]
    joins = [
        number
        or (words[i] == "and" and i > 0 and numbers[i - 1] and i + 1 < len(numbers) and numbers[i + 1])
        for i, number in enumerate(numbers)
    ]
    runs: list[list[str]] = []
    for i, word in enumerate(written):
        if joins[i] and i > 0 and joins[i - 1]:
            runs[-1].append(word)
        elif joins[i]:
            runs.append([word])
    if len(runs) != 1:
        return None
    first = joins.index(True)
    last = len(joins) - 1 - joins[::-1].index(True)
    if test(_VAGUE_BEFORE, " ".join(words[:first])) or test(_VAGUE_AFTER, " ".join(words[last + 1 :])):
        return None
    following = written[last + 1] if last + 1 < len(written) else ""
    only = " ".join(runs[0])
    found = quantity(only)
    if length(following) == 1 or found is None or found.unit is not None or found.kind != "cardinal":
        return None
    return only


# Multiple choice


class _Choice(NamedTuple):
    letter: str
    text: str


def _same_choice(given: str, gold: str, question: str) -> bool | None:
    options = _options_of(question)
    ours, theirs = _choice_of(given), _choice_of(gold)
    if ours is not None and theirs is not None:
        text = theirs.text or options.get(theirs.letter, "")
        if _names_another(theirs.text):
            return None
        same_text = ours.text == "" or (text != "" and _bare(ours.text) == _bare(text))
        if not same_text and _says_more(ours.text):
            return None
        named = options.get(ours.letter)
        if ours.text != "" and named is not None and _bare(ours.text) != _bare(named):
            return None
        if ours.letter != theirs.letter:
            return False
        return True if same_text or text == "" else None
    gold_text = gold if theirs is None else theirs.text or options.get(theirs.letter)
    if ours is not None:
        text = options.get(ours.letter)
        return None if text is None or ours.text != "" else _bare(text) == _bare(gold)
    if theirs is None or gold_text is None:
        return None
    if _bare(given) == _bare(gold_text):
        return True
    if gold_text != "" and _bare(given) == f"{theirs.letter} {_bare(gold_text)}":
        return True
    return False if any(_bare(text) == _bare(given) for text in options.values()) else None


_OPENINGS = r"^(?:i (?:choose|pick|select|would choose|would pick)|i'd (?:go with|choose|pick)|(?:it|this|that) is|it's|my (?:answer|choice) is:?|(?:the )?(?:(?:correct|right|best|final) )*(?:answer|option|choice|letter)(?: is)?:?|(?:因此|所以|故|本题)?[应我]?(?:选择|选项|选|選擇|選項|選)[是为]?:?|答案[是为]?:?|答:?) ?(?=\S)"
_CLOSINGS = r"(?: is (?:the )?(?:correct|right|best)(?: (?:answer|option|choice|one))?| is the answer|(?:选项|项)?(?:是?(?:正确|对)的?)?)[.!]?$"


def _choice_of(text: str) -> _Choice | None:
    said = trim(text)
    before = ""
    while before != said:
        before = said
        said = sub_first(_OPENINGS, "", said)
    said = trim(sub_first(_CLOSINGS, "", said)) or said
    match = js(
        r"^(?:\(([a-j])\)|\[([a-j])\]|([a-j])(?=$|[.):]|[,;!]$|,\p{Script=Han}| - ))(?:[.):,;!]| -)?( *)(.*)$", "s"
    ).search(said)
    if match is None:
        match = js(r'^"([a-j])"$').search(said)
        return None if match is None else _Choice(match[1], "")
    in_brackets, in_squares, alone, blank, rest = match.groups()
    letter = in_brackets or in_squares or alone or ""
    if (blank or "") == "" and test(r"^[a-z](?:\.|$)", rest or "") and alone is not None:
        return None
    return _Choice(letter, trim(rest or ""))


def _names_another(text: str) -> bool:
    return test(r"(?<![\p{L}\p{N}'])[a-j](?=$|[).])", text)


def _says_more(text: str) -> bool:
    return length(text) > 80 or test(
        r"\b(?:or|and|nor|not|no|but|maybe|perhaps|wrong|incorrect|false|never|neither|either|except|instead|also|both|actually|rather|wait)\b|n't\b|[或和与及不非错]|(?<![\p{L}\p{N}'])(?:[b-j]|a(?! \p{L}))(?![\p{L}\p{N}'])",
        text,
    )


def _options_of(question: str) -> dict[str, str]:
    pattern = js(r"^\s*(?:\(([a-j])\)\s+|([a-j])(?:[.):]\s+|[、:.]\s*(?=\p{Script=Han})))(\S.*)$", "m")
    return {found[1] or found[2] or "": trim(found[3]) for found in pattern.finditer(question)}


def _bare(text: str) -> str:
    return trim(sub_first(r"^(?:an?|the) ", "", sub(r'[,.;:!"]+(?=\s|$)', "", text)))


# Words


def _words_of(text: str) -> list[str]:
    return [found[0] for found in js(r"[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*").finditer(text)]


def _without_filler(text: str) -> str:
    out = sub(r"""^["'“”‘’]+|["'“”‘’.!]+$""", "", text)
    out = sub_first(r"^(?:it is|it's|this is|that is|they are|there is|there are|the answer is)\s+", "", out)
    return trim(sub_first(r"^(?:an?|the)\s+(?=\S)", "", out))


def _same_phrase(given: str, gold: str, _: str) -> bool | None:
    ours, theirs = _without_filler(given), _without_filler(gold)
    one, other = (test(r"""\d ?(?:!+|\.{2,})["']?$""", text) for text in (given, gold))
    return True if ours != "" and ours == theirs and not one and not other else None


_POLARITIES = [
    (r"^(?:yes|yeah|yep|是|是的)$", "yes", True),
    (r"^(?:对|对的)$", "yes or true", True),
    (r"^(?:no|nope|否|不|不是|不是的)$", "yes", False),
    (r"^不对$", "yes or true", False),
    (r"^(?:true|正确|正确的)$", "true", True),
    (r"^(?:false|错|错误|错误的|不正确)$", "true", False),
    (r"^(?:有|有的)$", "has", True),
    (r"^(?:没有|没|无)$", "has", False),
]


def _polarity_of(text: str) -> tuple[str, bool] | None:
    said = sub_first(r"[.!]+$", "", text)
    return next(((asked, is_yes) for pattern, asked, is_yes in _POLARITIES if test(pattern, said)), None)


def _same_yes_or_no(given: str, gold: str, _: str) -> bool | None:
    a, b = _polarity_of(given), _polarity_of(gold)
    if a and b:
        return a[1] == b[1] if b[0] in a[0] or a[0] in b[0] else None

    def polarity(text: str) -> str | None:
        found = js(r"^(yes|no)(?=$|[,.;:!]+(?:$| (?!\d))| -)").search(text)
        return found[1] if found else None

    theirs = polarity(gold)
    match = js(
        r"^(?:(yes|yeah|yep)(?:,? (?:it|there|he|she|they) (?:is|are|does|do|has|have))?|(no|nope)(?:,? (?:it|there|he|she|they) (?:is|are|does|do|has|have)(?:n't| not))?)[.!]?$"
    ).search(given)
    if theirs is None:
        return None
    if match:
        return ("yes" if match[1] else "no") == theirs
    ours = polarity(given)
    if ours is None or ours == theirs or test(r"\bnot\b|n't\b|\bno\b.*\bno\b", f"{given} {gold}"):
        return None
    return False


def _same_alternative(given: str, gold: str, question: str) -> bool | None:
    match = js(r"([\p{L}-]+) or (?:(?:to|on|in|at|is it) )?(?:(?:an?|the) )?([\p{L}-]+)").search(question)
    return None if match is None else _one_of([match[1], match[2]], given, gold)


def _same_side(given: str, gold: str, question: str) -> bool | None:
    return _one_of(["left", "right"], given, gold) if test(r"\b(?:side|where|left|right)\b", question) else None


def _one_of(pair: list[str], given: str, gold: str) -> bool | None:
    said = sub_first(r"^(?:(?:to|on|in|at) )?(?:the )?", "", _without_filler(given))
    said = sub_first(r" side$", "", said)
    meant = [word for word in pair if word in _words_of(gold)]
    if len(meant) != 1 or said not in pair:
        return None
    return None if test(r"\bnot?\b|n't\b", gold) else said == meant[0]


_COLOURS = "black white red green blue yellow orange purple pink brown gray".split(" ")
_CHINESE = {
    "黑": "black", "白": "white", "红": "red", "紅": "red", "绿": "green", "綠": "green", "蓝": "blue", "藍": "blue",
    "黄": "yellow", "黃": "yellow", "橙": "orange", "紫": "purple", "粉": "pink", "棕": "brown", "灰": "gray",
}  # fmt: skip


def _only_colour(text: str) -> str | None:
    said = sub_first(r" colou?r$", "", sub_first(r"^gr[ae]y$", "gray", _without_filler(text)))
    if said in _COLOURS:
        return said
    match = js(r"^(\p{Script=Han})红?(?:色|颜色)?的?$").search(sub_first(r"^颜色是", "", said))
    name = _CHINESE.get(match[1]) if match else None
    return name if name is not None and (said[1:2] != "红" or name == "pink") else None


def _same_colours(given: str, gold: str, question: str) -> bool | None:
    only = [_only_colour(given), _only_colour(gold)]
    if only[0] and only[1]:
        return only[0] == only[1]
    if not test(r"\bcolou?rs?\b", question):
        return None

    def named(text: str) -> list[str]:
        return ["gray" if word == "grey" else word for word in _words_of(text)]

    ours = [word for word in named(_without_filler(given)) if word not in ("and", "with", "color", "colour")]
    theirs = {word for word in named(gold) if word in _COLOURS}
    if not ours or not theirs or not all(word in _COLOURS for word in ours):
        return None
    if test(r"\bnot?\b|n't\b", gold):
        return None
    shared = len(set(ours) & theirs)
    if shared == 0:
        return False
    return True if shared == len(theirs) and len(set(ours)) == len(theirs) else None


_SMALL_WORDS = set("a an the is are was were it its of to in on at by this that there".split(" "))


def _completes_sentence(given: str, gold: str, question: str) -> bool | None:
    ours, theirs, asked = _words_of(_without_filler(given)), _words_of(gold), set(_words_of(question))
    if not ours or len(ours) >= len(theirs) or not asked:
        return None
    before = theirs[: -len(ours)]
    if theirs[-len(ours) :] != ours:
        return None
    if any(word in ("no", "not", "yes") or word.endswith("n't") for word in before):
        return None

    def is_new(word: str) -> bool:
        return word not in asked and word not in _SMALL_WORDS

    return True if not any(map(is_new, before)) and any(map(is_new, ours)) else None


_RULES = [
    ("case", _same_case, False),
    ("number", same_number, True),
    ("choice", _same_choice, False),
    ("LaTeX", _same_latex, True),
    ("yes or no", _same_yes_or_no, False),
    ("one of two", _same_alternative, False),
    ("colour", _same_colours, False),
    ("side", _same_side, False),
    ("count", _same_count, True),
    ("phrase", _same_phrase, False),
    ("end of the sentence", _completes_sentence, False),
]
