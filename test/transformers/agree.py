"""Loads a model folder with transformers and compares log-probabilities with those that our kernels gave.

usage: agree.py MODEL_FOLDER ROLLOUTS_JSON [ADAPTER_FOLDER]; an adapter is put on it by PEFT. Prints the largest difference, exits 1 above 1e-4.
The ids that our sampler leaves out (<|image_pad|>, <|endoftext|>) are left out here too.
"""
import base64, json, sys, warnings
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageTextToText

folder, file, *adapter = sys.argv[1:]
rows = json.load(open(file))["rows"]
model, info = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
processor = AutoImageProcessor.from_pretrained(folder)
image_pad, suppressed = model.config.image_token_id, json.load(open(file))["suppressed"]
if adapter:
    from peft import PeftModel

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model = PeftModel.from_pretrained(model, adapter[0])
# In float64 where it fits, else in float32.
device = "cuda" if torch.cuda.is_available() else "cpu"
small = sum(p.numel() for p in model.parameters()) < 10**9
model = (model.double() if small else model).to(device).eval()

worst, count = 0.0, 0
for row in rows:
    ids = torch.tensor([row["tokens"]], device=device)
    shown = [Image.frombytes("RGB", (i["width"], i["height"]), base64.b64decode(i["data"])) for i in row["images"]]
    seen = processor(images=shown, do_resize=False, return_tensors="pt")
    with torch.no_grad():
        out = model(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=seen["pixel_values"].to(device, model.dtype),
            image_grid_thw=seen["image_grid_thw"].to(device),
            mm_token_type_ids=(ids == image_pad).int(),
        )
    logits = out.logits[0].double()
    logits[:, suppressed] = -torch.inf
    logprobs = torch.log_softmax(logits, -1)
    for t, ours in enumerate(row["logprobs"]):
        if ours is not None:
            worst = max(worst, abs(float(logprobs[t - 1, row["tokens"][t]]) - ours))
            count += 1
print(f"largest difference {worst:.2e} over {count} tokens of {len(rows)} rollouts, {sum(len(r['images']) for r in rows)} pictures")
sys.exit(worst > 1e-4)
