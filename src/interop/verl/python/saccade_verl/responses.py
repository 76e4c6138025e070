"""The answer in a whole response, as verl's recipe and as DeepEyes find it."""

import re


def answer_as_verl(response: str) -> tuple[str, bool]:
    """(answer, whether the format is broken); verl b37184774, recipe/deepeyes/deepeyes.py."""
    broken = response.count("<think>") != response.count("</think>")
    thought = "</think>" in response
    said = response.split("</think>")[-1].strip()
    if said.count("<answer>") != said.count("</answer>"):
        broken = True
    tagged = re.search(r"<answer>(.*?)</answer>", said, re.DOTALL)
    if tagged:
        answer = tagged[1]
    else:
        broken = True
        behind = re.search(r"</tool_response>\s*assistant\s*\n(.*?)(?=\n|\Z)", said, re.DOTALL)
        if behind:
            answer = behind[1]
        elif thought:
            answer = re.sub(r"<tool_call>.*?</tool_call>", "", said, flags=re.DOTALL)
            answer = re.sub(r"<tool_response>.*?</tool_response>", "", answer, flags=re.DOTALL)
            answer = re.sub(r"\b(?:user|assistant)\b", "", answer)
        else:
            answer = response
    answer = answer.strip()
    return (response.strip(), True) if answer == "" else (answer, broken)


def data_kind(data_source: str) -> str:
    if data_source == "geoguessr":
        return "reasoning"
    return "math" if data_source in ("thinklite_eureka", "xince") else "vision"


def after_thoughts(response: str) -> str:
    return response.split("</think>")[-1].strip()


def thoughts_closed(response: str) -> bool:
    return response.count("<think>") == response.count("</think>")


def answer_as_deepeyes(response: str) -> str:
    return response.split("<answer>")[-1].split("</answer>")[0].strip()


def reasoning_answer(response: str) -> str:
    found = re.search(r"<answer>(.*?)</answer>", after_thoughts(response), re.DOTALL)
    return found[1].strip() if found else ""


def math_answers(response: str) -> list[str]:
    return re.findall(r"\\boxed\{([^}]+)\}", after_thoughts(response))
