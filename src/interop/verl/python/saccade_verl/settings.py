"""What the run's configuration says, from settings.json beside this folder."""

import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent


@cache
def settings() -> dict:
    return json.loads((FOLDER / "settings.json").read_text(encoding="utf-8"))
