"""Whether an answer is right: rules here, or a model behind an OpenAI-compatible server. Its key is never in a file."""

import json
import os
import random
import re
import time
import urllib.error
import urllib.request

from .responses import answer_as_deepeyes, answer_as_verl, data_kind, math_answers, reasoning_answer
from .rules.decide import Verdict, decide_by_rules, judge_by_rules


class NoVerdict(Exception):
    """The server could not be asked, or said nothing that is a verdict."""


def verdict(judge: dict, seen: dict, gold: str, question: str, source: str) -> Verdict:
    """`judge` is that of settings.json. Raises NoVerdict."""
    if judge["name"] == "stored":
        return Verdict(judge["right"], "as it was")
    if judge["name"] == "rules":
        return judge_by_rules(seen["answer"], gold, question, source)
    if judge["name"] == "hardened":
        return _guarded(judge, seen["answer"], gold, question, source)
    return _as_original(judge, seen, gold, question, source)


def _guarded(judge: dict, answer: str | None, gold: str, question: str, source: str) -> Verdict:
    ruled = decide_by_rules(answer, gold, question, source)
    if ruled is not None:
        return ruled
    said = _ask(judge, "hardened", answer, gold, question)
    text = re.sub(r"<think>.*?</think>", "", said, flags=re.DOTALL).strip()
    found = re.fullmatch(r'\{\s*"verdict"\s*:\s*([01])\s*\}|VERDICT:\s*([01])\.?', text)
    if not found:
        raise NoVerdict(f"Expected a verdict of 0 or 1 from the judge, found {said[:80]!r}")
    return Verdict((found[1] or found[2]) == "1", "judge hardened")


def _as_original(judge: dict, seen: dict, gold: str, question: str, source: str) -> Verdict:
    kinds = {"verl": "verl", "deepeyes": data_kind(seen["data_source"]), "deepeyes-math": "math", "deepeyes-common": "reasoning"}
    kind = kinds[judge["name"]]
    if kind == "verl":
        answer = answer_as_verl(seen["text"])[0]
    elif kind == "math":
        boxes = math_answers(seen["whole"])
        answer = boxes[-1] if boxes else ""
        if answer == "":
            return Verdict(False, "no box")
        ruled = decide_by_rules(answer, gold, question, source)
        if ruled is not None and ruled.right:
            return ruled
    elif kind == "reasoning":
        answer = reasoning_answer(seen["whole"])
        if answer == "" or len(answer) >= 1000:
            return Verdict(False, "no answer" if answer == "" else "too long")
    else:
        answer = answer_as_deepeyes(seen["whole"])
    right = None
    for _ in range(8 if kind == "reasoning" else 1):
        right = _READERS[kind](_ask(judge, kind, answer, gold, question))
        if right is not None:
            break
    if kind in ("verl", "vision") and len(answer) >= 1000:
        return Verdict(False, "too long")
    return Verdict(bool(right), f"judge {judge['name']}")


def _read_verl(reply: str) -> bool:
    return re.search(r"\bCORRECT\b", reply.strip(), re.IGNORECASE) is not None


def _read_vision(reply: str) -> bool:
    text = reply.strip()
    return "1" in text.split("Judgement:")[-1] if "Judgement:" in text else text == "1"


def _read_equivalence(reply: str) -> bool | None:
    text = reply.strip().split("## Equivalence Judgement")[-1].lower()
    yes, no = "true" in text, "false" in text
    return None if yes == no else yes


_READERS = {"verl": _read_verl, "vision": _read_vision, "math": _read_equivalence, "reasoning": _read_equivalence}


def _filled(text: str, fields: dict[str, str]) -> str:
    """In one pass: what stands in an answer is no field."""
    return re.sub(r"\{\{(question|gold|answer)\}\}", lambda match: fields[match[1]], text)


def _ask(judge: dict, kind: str, answer: str, gold: str, question: str) -> str:
    base = os.environ.get(judge["url_env"]) or judge["url"]
    if not base:
        raise NoVerdict(f"The judge {judge['name']} needs the address of a server: set {judge['url_env']}")
    asked = judge["requests"][kind]
    fields = {"question": question, "gold": gold, "answer": answer}
    if kind == "hardened":
        fields = {name: _json_field(text) for name, text in fields.items()}
    body = {
        "model": os.environ.get(judge["model_env"]) or judge["model"] or _first_model(base, judge),
        "messages": [{**one, "content": _filled(one["content"], fields)} for one in asked["messages"]],
        "temperature": asked["temperature"],
        "seed": random.randint(0, 1_000_000),
        **asked["extra"],
    }
    try:
        return _post(base, judge, body)["choices"][0]["message"]["content"] or ""
    except (KeyError, IndexError, TypeError) as error:
        raise NoVerdict(f"The judge's reply lacks {error}") from error


def _json_field(text: str) -> str:
    """The inside of a JSON text without a sign that a template or a tag could begin with."""
    inside = json.dumps(text, ensure_ascii=False)[1:-1]
    return re.sub(r"[<>\[\]]", lambda sign: f"\\u{ord(sign[0]):04x}", inside)


def _first_model(base: str, judge: dict) -> str:
    return _send(urllib.request.Request(f"{base}/models", headers=_headers(judge)), judge)["data"][0]["id"]


def _post(base: str, judge: dict, body: dict) -> dict:
    data = json.dumps(body).encode()
    return _send(urllib.request.Request(f"{base}/chat/completions", data, _headers(judge)), judge)


def _headers(judge: dict) -> dict[str, str]:
    key = os.environ.get(judge["key_env"])
    return {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}


def _send(request: urllib.request.Request, judge: dict) -> dict:
    last: Exception | None = None
    for attempt in range(judge["retries"] + 1):
        try:
            with urllib.request.urlopen(request, timeout=judge["timeout_s"]) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            last = error
            if error.code < 500 and error.code != 429:
                break
        except (OSError, ValueError) as error:
            last = error
        time.sleep(min(8, 2**attempt) * 0.5)
    raise NoVerdict(f"The judge at {request.host} gave no reply: {last}")
