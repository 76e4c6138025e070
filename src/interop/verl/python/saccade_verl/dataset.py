"""Rows for verl: pictures stay in their own pixels, so that a zoom shows more than the model saw at first."""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from verl.utils.dataset.rl_dataset import RLHFDataset  # noqa: E402


class SaccadeDataset(RLHFDataset):
    """verl's dataset, but pictures are not resized before the tools get them, and only <image> is a placeholder."""

    def _build_messages(self, example: dict, key: str):
        pictures = iter(example.get(self.image_key) or [])
        messages = []
        for message in example[key]:
            first, *rest = message["content"].split("<image>")
            parts = [{"type": "text", "text": first}] if first else []
            for text in rest:
                picture = Image.open(BytesIO(next(pictures)["bytes"])).convert("RGB")
                parts.append({"type": "image", "image": picture})
                if text:
                    parts.append({"type": "text", "text": text})
            told = {} if message.get("tools") is None else {"tools": message["tools"]}
            messages.append({"role": message["role"], "content": parts if rest else message["content"], **told})
        left = len(list(pictures))
        assert left == 0, f"{left} pictures of the row stand nowhere in its prompt"
        return messages

    @classmethod
    def _process_multi_modal_info(cls, messages, image_patch_size, config):
        parts = [part for message in messages if isinstance(message["content"], list) for part in message["content"]]
        pictures = [part["image"] for part in parts if part["type"] == "image"]
        return pictures or None, None, None
