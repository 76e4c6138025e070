"""Writes the parquet files of this folder and expected.jsonl. Needs pyarrow, Pillow and numpy; README.md names the versions."""

import io
import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

here = Path(__file__).parent
random = np.random.default_rng(5)
suffix = "\nThink first, call **image_zoom_in_tool** if needed, then answer. Format strictly as:  <think>...</think>  <tool_call>...</tool_call> (if tools needed)  <answer>...</answer> "


def scene(width, height):
    """A smooth ground with squares and a little noise: something that codecs have work with, and that stays small."""
    y, x = np.mgrid[0:height, 0:width]
    ground = np.stack([110 + 70 * np.cos(x / 31 + c) * np.sin(y / 23 + 2 * c) for c in range(3)], -1)
    for _ in range(3):
        left, top = random.integers(0, max(1, width - 12)), random.integers(0, max(1, height - 12))
        ground[top : top + 12, left : left + 12] = random.integers(0, 256, 3)
    return Image.fromarray(np.clip(ground + random.normal(0, 2, ground.shape), 0, 255).astype(np.uint8))


def file_of(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def ramp(width, height):
    return Image.fromarray(np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1)))


def with_alpha(image):
    image = image.convert("RGBA")
    image.putalpha(ramp(*image.size))
    return image


exif = Image.Exif()
exif[0x0112] = 6
gray16 = Image.fromarray(np.arange(64 * 48).reshape(48, 64).astype(np.uint16))

vstar = [
    file_of(scene(160, 120), "JPEG", quality=85),
    file_of(scene(120, 161), "JPEG", quality=70, progressive=True, exif=exif),
    file_of(scene(100, 80).convert("L"), "JPEG"),
    file_of(scene(90, 70).convert("CMYK"), "JPEG"),
    file_of(with_alpha(scene(64, 48)), "PNG"),
    file_of(scene(96, 64).quantize(16), "PNG"),
    file_of(scene(96, 64).convert("LA"), "PNG"),
    file_of(gray16, "PNG"),
    file_of(scene(131, 97), "WEBP", quality=70),
    file_of(with_alpha(scene(75, 60)), "WEBP", quality=80),
    file_of(scene(60, 75), "WEBP", lossless=True),
]
flat = lambda width, height: file_of(ramp(width, 8).resize((width, height), 0).convert("RGB"), "PNG")
chart = [flat(2400, 1500), flat(5200, 1800), flat(1500, 2400)]
thinklite = [
    [file_of(scene(20, 150), "PNG")],
    [file_of(scene(10, 10), "PNG")],
    None,
    [file_of(scene(1, 200), "PNG")],
    [file_of(scene(80, 60), "JPEG"), file_of(scene(50, 90), "PNG")],
    [],
    [file_of(scene(30, 2900), "JPEG", quality=30)],
]


def row(source, i, pictures, question, answer, environment, user):
    system = "You are a helpful assistant."
    return {
        "data_source": source,
        "prompt": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "images": None if pictures is None else [{"bytes": p, "path": f"{source}_{i}_{j}.img"} for j, p in enumerate(pictures)],
        "ability": "vqa",
        "env_name": environment,
        "reward_model": {"ground_truth": answer, "style": "model"},
        "extra_info": {"answer": answer, "question": question, "id": f"{source}-{i}", "index": i, "split": "train"},
    }


def zoomed(source, i, picture, extra=None):
    question = f"What stands in picture {i} – „left“ or “right”?"
    return row(source, i, [picture], question, f"Left, {i}.", "visual_toolbox_v2", f"<image>\n{question}{suffix}") | (extra or {})


rows = {
    "vstar": [zoomed("vstar", i, p) for i, p in enumerate(vstar)],
    "chart": [zoomed("chart", i, p, {"rationale": f"Because {i}."}) for i, p in enumerate(chart)],
    "thinklite": [
        row("thinklite_eureka", i, p, f"What is {i} + 1?", str(i + 1), "", "<image>" * len(p or []) + f"What is {i} + 1?")
        for i, p in enumerate(thinklite)
    ],
}


def smart_resize(height, width, factor=28, least=3136, most=12845056):
    """qwen-vl-utils' rule."""
    h = max(factor, round(height / factor) * factor)
    w = max(factor, round(width / factor) * factor)
    if h * w > most:
        beta = math.sqrt(height * width / most)
        h, w = (math.floor(side / beta / factor) * factor for side in (height, width))
    elif h * w < least:
        beta = math.sqrt(least / (height * width))
        h, w = (math.ceil(side * beta / factor) * factor for side in (height, width))
    return w, h


def described(data):
    image = Image.open(io.BytesIO(data))
    mode, size = image.mode, list(image.size)
    if mode == "RGBA":
        rgb = Image.new("RGB", image.size, "white")
        rgb.paste(image, mask=image.getchannel("A"))
    else:
        rgb = image.convert("RGB")
    w, h = smart_resize(size[1], size[0])
    mean = [round(float(m), 3) for m in np.asarray(rgb, dtype=np.float64).mean((0, 1))]
    return {"mode": mode, "size": size, "mean_rgb": mean, "model_size": [w, h], "image_tokens": w * h // 784}


struct = pa.struct
fields = {
    "data_source": pa.string(),
    "prompt": pa.list_(struct([("role", pa.string()), ("content", pa.string())])),
    "images": pa.list_(struct([("bytes", pa.binary()), ("path", pa.string())])),
    "ability": pa.string(),
    "env_name": pa.string(),
    "reward_model": struct([("ground_truth", pa.string()), ("style", pa.string())]),
    "extra_info": struct(
        [("answer", pa.string()), ("question", pa.string()), ("id", pa.string()), ("index", pa.int64()), ("split", pa.string())]
    ),
}


def write(name, order, **options):
    schema = pa.schema([(column, fields.get(column, pa.string())) for column in order])
    pq.write_table(pa.Table.from_pylist(rows[name], schema=schema), here / f"{name}.parquet", **options)


columns = list(fields)
write("vstar", columns, compression="snappy", row_group_size=4)
write("chart", [*columns, "rationale"], compression="zstd", row_group_size=2, data_page_version="2.0")
# Pages of a value each, so that rows with several pictures run over their ends.
write(
    "thinklite",
    ["images", *(c for c in columns if c != "images")],
    compression="gzip",
    use_dictionary=False,
    data_page_size=1,
    write_batch_size=1,
)
with open(here / "expected.jsonl", "w") as out:
    for name, own in rows.items():
        for i, one in enumerate(own):
            line = {
                "file": name,
                "row": i,
                "question": one["extra_info"]["question"],
                "ground_truth": one["reward_model"]["ground_truth"],
                "env_name": one["env_name"],
                "images": [described(p["bytes"]) for p in one["images"] or []],
                "user": one["prompt"][1]["content"],
            }
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
