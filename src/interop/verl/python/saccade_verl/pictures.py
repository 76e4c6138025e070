"""Sizes as the model sees pictures, and what tools make of them; pictures are PIL's, in RGB."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


def smart_resize(height: int, width: int, factor: int, min_pixels: int, max_pixels: int) -> tuple[int, int]:
    """(height, width) of the model input: smart_resize of transformers 5."""
    high, wide = round(height / factor) * factor, round(width / factor) * factor
    if high * wide > max_pixels:
        shrink = math.sqrt(height * width / max_pixels)
        return tuple(max(factor, math.floor(side / shrink / factor) * factor) for side in (height, width))
    if high * wide < min_pixels:
        grow = math.sqrt(min_pixels / (height * width))
        return tuple(math.ceil(side * grow / factor) * factor for side in (height, width))
    return high, wide


def input_size(picture: Image.Image, view: dict) -> tuple[int, int]:
    """(width, height)"""
    height, width = smart_resize(picture.height, picture.width, view["factor"], view["min_pixels"], view["max_pixels"])
    return width, height


def model_input(picture: Image.Image, view: dict) -> Image.Image:
    # Pillow's number for bicubic.
    return picture.resize(input_size(picture, view), 3)


def cut_out(picture: Image.Image, box: tuple[int, int, int, int], how: str) -> Image.Image:
    """The pixels of a box inside the picture, or what a control puts in their place."""
    left, top, right, bottom = box
    if how == "blank":
        from PIL import Image

        return Image.new("RGB", (right - left, bottom - top), (128, 128, 128))
    if how == "shuffled":
        x, y = _moved(left, right - left, picture.width), _moved(top, bottom - top, picture.height)
        return picture.crop((x, y, x + right - left, y + bottom - top))
    return picture.crop(box)


def _moved(start: int, size: int, side: int) -> int:
    space = side - size
    return (start + math.ceil(space / 2)) % (space + 1)


def with_cross(picture: Image.Image, x: int, y: int) -> Image.Image:
    """Each arm is a thirty-second of the shorter side long."""
    copy = picture.copy()
    pixels = copy.load()
    arm = max(2, js_round(min(picture.width, picture.height) / 32))
    half = arm // 8
    for row in range(max(0, y - arm), min(picture.height, y + arm + 1)):
        for column in range(max(0, x - arm), min(picture.width, x + arm + 1)):
            if min(abs(row - y), abs(column - x)) <= half:
                pixels[column, row] = (255, 0, 0)
    return copy


def js_round(value: float) -> int:
    """Math.round: halves go up."""
    floor = math.floor(value)
    return floor + (value - floor >= 0.5)
