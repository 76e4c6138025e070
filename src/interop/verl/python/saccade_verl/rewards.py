"""What is paid for a response, part by part: the run's reward in Python. No verl is needed here."""

import json
import re
from typing import Any, Callable

from .responses import (
    after_thoughts,
    answer_as_deepeyes,
    answer_as_verl,
    data_kind,
    math_answers,
    reasoning_answer,
    thoughts_closed,
)
from .rules.javascript import length
from .turns import parse_turn, read_turn

ORIGINAL = {"answer": 0.8, "format": 0.2, "zoom": 1.2}


def _formula(right: bool, well_formed: bool, earned: bool, weights: dict) -> dict[str, float]:
    return {
        "answer": weights["answer"] if right else 0.0,
        "format": 0.0 if well_formed else 0 - weights["format"],
        "zoom": weights["zoom"] if earned else 0.0,
    }


def own_weights(seen: dict, right: bool, weights: dict) -> dict[str, float]:
    bonus = weights["bonus"]
    earned = zoomed(seen) and (bonus == "unconditional" or (bonus == "conditional" and right))
    return _formula(right, well_formed(seen), earned, weights)


def parts_as_verl(seen: dict, right: bool, _: dict) -> dict[str, float]:
    response = seen["text"]
    answer, broken = answer_as_verl(response)
    long = len(answer) >= 1000
    right = right and not long
    used = re.search(
        r"<tool_call>.*?</tool_call>|<tool_response>.*?</tool_response>", response, re.DOTALL
    )
    return _formula(right, not broken and not long, bool(used) and right, ORIGINAL)


def parts_as_deepeyes(seen: dict, right: bool, _: dict) -> dict[str, float]:
    response, kind = seen["whole"], data_kind(seen["data_source"])
    if kind == "math":
        boxes = math_answers(response)
        formed = thoughts_closed(response) and len(boxes) == 1
        return _formula(right and len(boxes) > 0, formed, False, {"answer": 1.2, "format": 0.4, "zoom": 0.0})
    openings = response.count("<|vision_start|><|image_pad|>")
    behind = after_thoughts(response)
    formed = (
        thoughts_closed(response)
        and openings == response.count("<|image_pad|><|vision_end|>")
        and behind.count("<answer>") == behind.count("</answer>")
    )
    answer = reasoning_answer(response) if kind == "reasoning" else answer_as_deepeyes(response)
    refused = len(answer) >= 1000 or (kind == "reasoning" and answer == "")
    right = right and not refused
    return _formula(right, formed and not refused, openings > 0 and right, ORIGINAL)


def any_zoom(seen: dict, right: bool, _: dict) -> dict[str, float]:
    return _formula(right, well_formed(seen), zoomed(seen), {"answer": 0.8, "format": 0.2, "zoom": 0.4})


def without_bonus(seen: dict, right: bool, _: dict) -> dict[str, float]:
    parts = _formula(right, well_formed(seen), False, {"answer": 0.8, "format": 0.2, "zoom": 0.0})
    return {"answer": parts["answer"], "format": parts["format"]}


def answer_only(seen: dict, right: bool, _: dict) -> dict[str, float]:
    return {"answer": 1.0 if right else 0.0}


def chain_of_focus(seen: dict, right: bool, _: dict) -> dict[str, float]:
    good = well_formed(seen) and length(seen["answer"] or "") < 1000
    return {"answer": 0.9 if right else 0.0, "format": 0.1 if good else 0.0}


def accumulated(seen: dict, right: bool, _: dict) -> dict[str, float]:
    carried_out = sum(call["outcome"] == "ok" for call in seen["calls"])
    return {"answer": 1.0 if right else 0.0, "calls": 0.1 * carried_out if right else 0.0}


def tree_vgr(seen: dict, right: bool, _: dict) -> dict[str, float]:
    boxes = [
        call["box_source_px"]
        for call in seen["calls"]
        if call["outcome"] == "ok" and call.get("image_index") == 0 and call.get("box_source_px")
    ]
    targets = [seen["gold_box"]] if seen.get("gold_box") else []
    return {
        "answer": 1.0 if right else 0.0,
        "format": 1.0 if well_formed(seen) else 0.0,
        "iou": _dual_iou(boxes, targets),
    }


def _overlap(a, b) -> float:
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def _dual_iou(boxes: list, targets: list) -> float:
    if not boxes or not targets:
        return 0.0

    def covered(these: list, those: list) -> float:
        return sum(max(_overlap(box, other) for other in those) for box in these) / len(these)

    return (covered(targets, boxes) + covered(boxes, targets)) / 2


Reward = Callable[[dict, bool, dict], dict[str, float]]

REWARDS: dict[str, tuple[Reward, list[str]]] = {
    "weights": (own_weights, ["answer", "format", "zoom"]),
    "deepeyes": (parts_as_deepeyes, ["answer", "format", "zoom"]),
    "verl": (parts_as_verl, ["answer", "format", "zoom"]),
    "deepeyes-any-zoom": (any_zoom, ["answer", "format", "zoom"]),
    "deepeyes-v2": (without_bonus, ["answer", "format"]),
    "mini-o3": (answer_only, ["answer"]),
    "tree-vgr": (tree_vgr, ["answer", "format", "iou"]),
    "chain-of-focus": (chain_of_focus, ["answer", "format"]),
    "vtool-r1": (answer_only, ["answer"]),
    "pyvision-rl": (accumulated, ["answer", "calls"]),
}


def well_formed(seen: dict) -> bool:
    return seen["end"] == "answer"


def zoomed(seen: dict) -> bool:
    return any(call["outcome"] == "ok" for call in seen["calls"])


def seen_by_reward(text: str, extra_info: dict, data_source: str, prompt: str) -> dict[str, Any]:
    """What is known of a rollout: as our agent loop noted it, or of verl's own loop as far as the text tells."""
    noted = extra_info.get("saccade")
    facts = json.loads(noted) if isinstance(noted, str) else _from_text(text, prompt)
    return {
        "text": text,
        "whole": facts.get("whole", text),
        "end": facts["end"],
        "answer": facts["answer"],
        "calls": facts["calls"],
        "gold_box": extra_info.get("gold_box"),
        "data_source": data_source,
    }


def _from_text(text: str, prompt: str) -> dict[str, Any]:
    last = re.split(r"</tool_response>\s*assistant\s*", text)[-1].strip()
    kind, said = parse_turn(f"{last}<|im_end|>") if prompt == "compact" else read_turn(last)
    answers = re.findall(r"<tool_response>(.*?)</tool_response>", text, re.DOTALL)
    calls = [{"outcome": "bad_arguments" if "Error" in answer else "ok"} for answer in answers]
    return {"end": "answer" if kind == "answer" else "malformed", "answer": None if kind == "call" else said, "calls": calls}


def score(name: str, seen: dict, right: bool, weights: dict) -> tuple[float, dict[str, float]]:
    """The sum of the parts in the order in which they are declared, and the parts."""
    reward, order = REWARDS[name]
    parts = reward(seen, right, weights)
    total = 0.0
    for part in order:
        total += parts[part]
    return total, parts
