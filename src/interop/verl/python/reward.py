"""The run's reward for verl: reward.custom_reward_function.path=reward.py, name=compute_score."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from saccade_verl.judge import NoVerdict, verdict  # noqa: E402
from saccade_verl.rewards import score, seen_by_reward  # noqa: E402
from saccade_verl.settings import settings  # noqa: E402


def compute_score(data_source: str, solution_str: str, ground_truth: str, extra_info: dict | None = None, **_) -> dict:
    """score, acc, and each part as reward_NAME. unjudged is 1 where the judge gave no verdict; nothing is paid then."""
    run = settings()
    info = extra_info or {}
    seen = seen_by_reward(solution_str, info, data_source, run["prompt"])
    name, weights = run["reward"]["name"], run["reward"]["weights"]
    try:
        found = verdict(run["judge"], seen, ground_truth, info.get("question") or "", info.get("source") or "")
    except NoVerdict as why:
        print(f"No verdict: {why}", file=sys.stderr)
        return {"score": 0.0, "acc": 0.0, "unjudged": 1.0, **{f"reward_{part}": 0.0 for part in run["reward"]["parts"]}}
    total, parts = score(name, seen, found.right, weights)
    right = parts["answer"] > 0 if name in ("deepeyes", "verl") else found.right
    return {
        "score": total,
        "acc": 1.0 if right else 0.0,
        "unjudged": 0.0,
        **{f"reward_{part}": value for part, value in parts.items()},
    }
