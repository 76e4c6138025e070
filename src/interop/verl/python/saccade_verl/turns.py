"""What a turn of the model is, and what it leads to: Saccade's environment, verl's, DeepEyes'. No verl is needed here."""

import json
import re
from typing import Any, NamedTuple

from .rules.javascript import js, sub
from .texts import parse_json, trim


class Ended(NamedTuple):
    """The rollout is over: "answer", "malformed" or "turns". `calls` are the outcomes of calls that failed in this turn."""

    end: str
    answer: str | None = None
    calls: tuple = ()


class Called(NamedTuple):
    """A tool is to carry this out."""

    name: str
    given: Any


class Answered(NamedTuple):
    """A call that no tool was asked to carry out."""

    name: str
    outcome: str
    text: str


def step(text: str, *, settings: dict, tools: list[str], offers_tools: bool, may_call: bool) -> Ended | Called | Answered:
    """A closed turn, special tokens included. `tools` are the names that may be called."""
    environments = {"saccade": _as_saccade, "verl": _as_verl, "deepeyes": _as_deepeyes}
    return environments[settings["environment"]](text, settings, tools, offers_tools, may_call)


def _as_saccade(text: str, settings: dict, tools: list[str], offers_tools: bool, may_call: bool):
    kind, said = (parse_turn if settings["prompt"] == "compact" else read_turn)(text)
    if kind != "call":
        return Ended(kind, said)
    if not offers_tools:
        return Ended("malformed")
    if not may_call:
        return Ended("turns")
    try:
        written = parse_json(said)
    except (ValueError, RecursionError):
        return Answered("", "not_json", "Error: the tool call is not valid JSON")
    if not isinstance(written, dict):
        return Answered("", "not_json", "Error: the tool call must be a JSON object with name and arguments")
    name = written.get("name")
    if isinstance(name, str) and name in tools:
        return Called(name, written.get("arguments", _ABSENT))
    if not tools:
        there = "there is none"
    else:
        there = f"the only one is {tools[0]}" if len(tools) == 1 else f"there are {', '.join(tools)}"
    return Answered(name if isinstance(name, str) else "", "unknown_tool", f"Error: there is no such tool; {there}")


_ABSENT = None


def _as_verl(text: str, settings: dict, tools: list[str], offers_tools: bool, may_call: bool):
    calls = calls_as_verl(text) if offers_tools else []
    if not calls:
        kind, said = read_turn(text)
        return Ended("answer", said) if kind == "answer" else Ended("malformed", said if kind == "malformed" else None)
    if not may_call:
        return Ended("turns")
    name, given = calls[0]
    return Called(name, given) if name in tools else Answered(name, "unknown_tool", f"Error when executing tool: {name!r}")


def calls_as_verl(text: str) -> list[tuple[str, Any]]:
    if "<tool_call>" not in text or "</tool_call>" not in text:
        return []
    calls = []
    for block in re.findall(r"<tool_call>(.*?)</tool_call>", text, re.DOTALL):
        try:
            call = json.loads(block)
            name, given = call["name"], call["arguments"]
        except Exception:
            continue
        if isinstance(call, dict) and isinstance(name, str):
            calls.append((name, given))
    return calls


def _as_deepeyes(text: str, settings: dict, tools: list[str], offers_tools: bool, may_call: bool):
    action = None if _last_between(text, "answer") else _last_between(text, "tool_call")
    if not action or not offers_tools:
        kind, said = read_turn(text)
        return Ended("answer", said) if kind == "answer" else Ended("malformed", said if kind == "malformed" else None)
    if not may_call:
        return Ended("turns")
    first = re.search(r'"name"\s*:\s*"([^"]*)"', text)
    named = first[1] if first else ""
    try:
        call = json.loads(action.strip())
    except Exception as error:
        return Answered(named, "not_json", f"Error: Invalid tool call format: {action.strip()}. Error: {error}")
    try:
        name, given = call["name"], call["arguments"]
    except Exception as error:
        return Answered(named, "bad_arguments", f"Error: {_message(error)}")
    name = str(name)
    if name in tools:
        return Called(name, given)
    return Answered(named, "unknown_tool", f"Error: Unknown tool name: {name}")


def _message(error: Exception) -> str:
    return f"'{error.args[0]}'" if isinstance(error, KeyError) else str(error)


def _last_between(text: str, tag: str) -> str | None:
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    return found[-1] if found else None


_TAG = re.compile(r"</?(?:answer|tool_call|tool_response)>")


def parse_turn(text: str) -> tuple[str, str | None]:
    """The compact form: a turn is one call or one answer and nothing else. Gives answer, call or malformed, and what is in it."""
    answered = re.match(r"^<answer>(.+)</answer><\|im_end\|>\Z", text, re.DOTALL)
    if answered:
        return ("malformed", None) if _TAG.search(answered[1]) else ("answer", answered[1])
    called = re.match(r"^<tool_call>\n(\{.*\})\n</tool_call><\|im_end\|>\Z", text, re.DOTALL)
    if called:
        return ("malformed", None) if _TAG.search(called[1]) else ("call", called[1])
    return "malformed", None


def read_turn(text: str) -> tuple[str, str | None]:
    """Free text: thoughts, then a call or an answer."""
    turn = re.sub(r"(?:<\|im_end\|>|<\|endoftext\|>)\Z", "", text)
    answers = [trim(one) for one in re.findall(r"<answer>(.*?)</answer>", turn, re.DOTALL)]
    filled = [one for one in answers if one != ""]
    if filled:
        return "answer", filled[-1]
    opened = turn.rfind("<tool_call>")
    if opened >= 0:
        return "call", trim(turn[opened + len("<tool_call>") :].split("</tool_call>")[0])
    thought = turn.rfind("</think>")
    rest = trim(js(r"<\/?[a-z_]+>").sub("", turn if thought < 0 else turn[thought + len("</think>") :]))
    return "malformed", None if rest == "" else rest


def observation(settings: dict, text: str, pictures: int, caption: str) -> str:
    """What stands between the end of the model's turn and the beginning of its next one."""
    shown = "<|vision_start|><|image_pad|><|vision_end|>" * pictures
    safe = sub(r"<\|image_pad\|>", "<|image_pad |>", text)
    if settings["prompt"] == "compact":
        inside = f"<tool_response>{shown}{safe}</tool_response>"
        return f"\n<|im_start|>user\n{inside}<|im_end|>\n<|im_start|>assistant\n"
    if settings["prompt"] == "verl":
        said = sub(r"<\|image_pad\|>", "<|image_pad |>", "\n".join(part for part in (caption, text) if part))
        return (
            f"<|im_start|>user\n<tool_response>\n{shown}{said}\n</tool_response><|im_end|>\n<|im_start|>assistant\n"
        )
    content = f"<tool_response>{shown}{safe}{settings['format_text']}</tool_response>" if pictures else safe
    return f"\n<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n"
