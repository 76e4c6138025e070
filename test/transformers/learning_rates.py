"""What torch's and transformers' schedules give, as test/golden/rates/rates.json: python learning_rates.py > rates.json"""

import json

import torch
import transformers
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR
from transformers.optimization import (
    get_cosine_schedule_with_warmup,
    get_cosine_with_min_lr_schedule_with_warmup,
    get_linear_schedule_with_warmup,
)

RATE = 3e-4


def rates(make, count):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    schedule = make(optimizer)
    found = []
    for _ in range(count):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def case(name, kind, warmup, least, make, count):
    knobs = {"lrSchedule": kind, "warmupSteps": warmup, "steps": 12, "minLrRatio": least}
    return {"name": name, "knobs": knobs, "rates": rates(make, count)}


print(
    json.dumps(
        {
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
            "learningRate": RATE,
            "cases": [
                case("LinearLR", "linear", 0, 0.25, lambda o: LinearLR(o, 1.0, 0.25, total_iters=12), 15),
                case("CosineAnnealingLR", "cosine", 0, 0.1, lambda o: CosineAnnealingLR(o, 12, 0.1 * RATE), 12),
                case("linear", "linear", 3, 0, lambda o: get_linear_schedule_with_warmup(o, 3, 12), 14),
                case("cosine", "cosine", 3, 0, lambda o: get_cosine_schedule_with_warmup(o, 3, 12), 12),
                case(
                    "cosine_with_min_lr",
                    "cosine",
                    3,
                    0.1,
                    lambda o: get_cosine_with_min_lr_schedule_with_warmup(o, 3, 12, min_lr_rate=0.1),
                    12,
                ),
            ],
        },
        indent=1,
    )
)
