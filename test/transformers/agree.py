"""Loads a model folder with transformers and compares log-probabilities with those that our kernels gave.

usage: agree.py MODEL_FOLDER ROLLOUTS_JSON [ADAPTER_FOLDER]; an adapter is put on it by PEFT. Prints the largest difference, exits 1 above 1e-4.
The ids that our sampler leaves out (<|image_pad|>, <|endoftext|>) are left out here too.
"""
import base64, json, sys, warnings
import torch
from transformers import AutoModelForImageTextToText

folder, file, *adapter = sys.argv[1:]
rows = json.load(open(file))
model, info = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
patch, merge = model.config.vision_config.patch_size, model.config.vision_config.spatial_merge_size
image_pad, suppressed = model.config.image_token_id, model.generation_config.suppress_tokens
if adapter:
    from peft import PeftModel

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model = PeftModel.from_pretrained(model, adapter[0])
model = model.double().eval()


def pixel_values(image):
    """(P, 3 * 2 * S * S) in merge order from the 64 x 64 levels; both frames hold the picture."""
    levels = torch.frombuffer(bytearray(base64.b64decode(image)), dtype=torch.uint8).double().view(64, 64, 3).permute(2, 0, 1)
    n = 64 // patch // merge
    x = ((levels / 255 - 0.5) / 0.5).view(3, n, merge, patch, n, merge, patch).permute(1, 4, 2, 5, 0, 3, 6)
    return x[:, :, :, :, :, None].expand(-1, -1, -1, -1, -1, 2, -1, -1).reshape((64 // patch) ** 2, -1)


worst, count = 0.0, 0
for row in rows:
    ids = torch.tensor([row["tokens"]])
    grid = torch.tensor([[1, 64 // patch, 64 // patch]] * len(row["images"]))
    with torch.no_grad():
        out = model(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=torch.cat([pixel_values(i) for i in row["images"]]),
            image_grid_thw=grid,
            mm_token_type_ids=(ids == image_pad).int(),
        )
    logits = out.logits[0].clone()
    logits[:, suppressed] = -torch.inf
    logprobs = torch.log_softmax(logits, -1)
    for t, ours in enumerate(row["logprobs"]):
        if ours is not None:
            worst = max(worst, abs(float(logprobs[t - 1, row["tokens"][t]]) - ours))
            count += 1
print(f"largest difference {worst:.2e} over {count} tokens of {len(rows)} rollouts, {sum(len(r['images']) for r in rows)} pictures")
sys.exit(worst > 1e-4)
