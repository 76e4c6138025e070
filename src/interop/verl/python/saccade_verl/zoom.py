"""The boxes that image_zoom_in_tool cuts: by Saccade's rules, by verl's recipe, by DeepEyes. No verl is needed here."""

import json
import math
from typing import Any, NamedTuple

from .pictures import cut_out, input_size, js_round, model_input
from .texts import double, is_number, json_text


class Result(NamedTuple):
    """What a call gave: a picture, or a text that says what was wrong with it."""

    outcome: str = "ok"
    text: str = ""
    caption: str = ""
    picture: Any = None
    record: dict = {}


def refusal(outcome: str, text: str) -> Result:
    return Result(outcome, text)


class Context(NamedTuple):
    """`views` are the pictures of the conversation in their own pixels; `settings` is the "tools" part of settings.json."""

    views: list
    settings: dict

    def units(self, index: int) -> tuple[int, int]:
        """Width and height of a picture in the units of the model's coordinates."""
        if self.settings["frame"] == "relative-1000":
            return 1000, 1000
        return input_size(self.views[index], self.settings["view"])


def chosen_view(index, views: list) -> int | Result:
    wanted = 0 if index is None else index
    if is_number(wanted) and double(wanted).is_integer() and 0 <= wanted < len(views):
        return int(wanted)
    return refusal("image_index", f"Error: image_index must be a whole number from 0 to {len(views) - 1}")


def zoom(given, context: Context) -> Result:
    rules = {"saccade": _as_saccade, "verl": _as_verl, "deepeyes": _as_deepeyes}
    return rules[context.settings["environment"]](given, context)


def _as_saccade(given, context: Context) -> Result:
    if not isinstance(given, dict):
        return refusal("bad_arguments", "Error: arguments must be an object with bbox_2d")
    written = given.get("bbox_2d")
    if not (
        isinstance(written, list) and len(written) == 4 and all(is_number(n) and math.isfinite(double(n)) for n in written)
    ):
        return refusal("bad_arguments", "Error: bbox_2d must be a list of 4 numbers")
    chosen = chosen_view(given.get("image_index"), context.views)
    if isinstance(chosen, Result):
        return chosen
    x1, y1, x2, y2 = map(double, written)
    wide, high = context.units(chosen)
    if not (x2 > x1 and y2 > y1):
        return refusal("bad_box", "Error: bbox_2d must have x1 < x2 and y1 < y2")
    if min(x1, y1) < 0 or x2 > wide or y2 > high:
        return refusal("bad_box", f"Error: bbox_2d must lie inside the image, which ends at [{wide}, {high}]")
    picture = context.views[chosen]
    sx, sy = picture.width / wide, picture.height / high
    box = widened((x1 * sx, y1 * sy, x2 * sx, y2 * sy), picture.size, context.settings["min_side_px"])
    caption = (
        f"Zoomed in on image {chosen} to the region {json_text(written)}; this is image {len(context.views)}."
    )
    cut = cut_out(picture, box, context.settings["crop"])
    return Result(caption=caption, picture=cut, record={"box_source_px": list(box), "image_index": chosen})


def widened(box, size: tuple[int, int], min_side: int) -> tuple[int, int, int, int]:
    """The square about the box's centre that holds the box, inside the picture, in whole pixels."""
    left, top, right, bottom = box
    side = max(js_round(max(right - left, bottom - top)), min_side)

    def place(centre: float, length: int) -> tuple[int, int]:
        taken = min(side, length)
        start = min(max(js_round(centre - taken / 2), 0), length - taken)
        return start, start + taken

    x, x_end = place((left + right) / 2, size[0])
    y, y_end = place((top + bottom) / 2, size[1])
    return x, y, x_end, y_end


# verl's recipe (b37184774, tools/image_zoom_in_tool.py): the model input is cut, small boxes are enlarged to 28 pixels.

_MIN_SIDE = 28


def _as_verl(given, context: Context) -> Result:
    if not context.views:
        return refusal("image_index", "Error when executing tool: Missing required 'image' parameter in kwargs")
    picture = model_input(context.views[0], context.settings["view"])
    try:
        found = _execute_verl(given, *picture.size)
    except Exception as error:
        return refusal("bad_arguments", f"Error when executing tool: {error}")
    if isinstance(found, Result):
        return found._replace(text=_shortened(found.text))
    box, text = found
    original = context.views[0]
    x, y = original.width / picture.width, original.height / picture.height
    left, top, right, bottom = box
    source = [js_round(left * x), js_round(top * y), js_round(right * x), js_round(bottom * y)]
    cut = cut_out(picture, box, context.settings["crop"])
    return Result(caption=_shortened(text), picture=cut, record={"box_source_px": source, "image_index": 0})


def _execute_verl(parameters, width: int, height: int):
    written = parameters.get("bbox_2d")
    label = parameters.get("label", "")
    if not written or len(written) != 4:
        return refusal("bad_arguments", "Error: bbox_2d parameter is missing or not a list of 4 numbers.")
    try:
        box = fit_into(*map(float, written), width, height)
    except Exception as error:
        return refusal("bad_arguments", f"Error processing image zoom-in: {error}")
    if box is None:
        return refusal(
            "bad_box",
            f"Error: The specified bounding box {written} is invalid or results in a crop smaller than the minimum size of {_MIN_SIDE}x{_MIN_SIDE}.",
        )
    labelled = f" with label {label}" if label else ""
    return tuple(map(round, box)), f"Zoomed in on the image to the region {written}{labelled}."


def fit_into(left, top, right, bottom, width: int, height: int):
    # The order of the arguments counts where one is not a number.
    left, top, right, bottom = max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom)
    if not _is_valid(left, top, right, bottom):
        return None
    wide, high = right - left, bottom - top
    if wide < _MIN_SIDE or high < _MIN_SIDE:
        ratio = _MIN_SIDE / min(high, wide)
        new_wide, new_high = wide * ratio, high * ratio
        if new_wide > width:
            new_high, new_wide = new_high * (width / new_wide), width
        if new_high > height:
            new_wide, new_high = new_wide * (height / new_high), height

        def place(centre: float, size: float, side: int) -> float:
            start = max(0, centre - size / 2)
            return side - size if start + size > side else start

        x, y = place((left + right) / 2, new_wide, width), place((top + bottom) / 2, new_high, height)
        left, top = math.floor(x), math.floor(y)
        right, bottom = math.ceil(x + new_wide), math.ceil(y + new_high)
    if not _is_valid(left, top, right, bottom):
        return None
    if min(math.floor(right) - math.floor(left), math.floor(bottom) - math.floor(top)) < _MIN_SIDE:
        return None
    return left, top, right, bottom


def _is_valid(left, top, right, bottom) -> bool:
    if not (left < right and top < bottom):
        return False
    wide, high = right - left, bottom - top
    return not max(wide, high) / min(wide, high) > 100


def _shortened(text: str) -> str:
    return text if len(text) <= 256 else f"{text[:128]}...(truncated)...{text[-128:]}"


# DeepEyes (6c5e796, visual_toolbox_v2.py): a box in pixels of the picture itself, wider and higher than 30.

_METHOD = "VisualToolBoxV2.maybe_resize_bbox()"
_SIDES = ["left", "top", "right", "bottom"]
_INVALID = "ZOOM IN ARGUMENTS ARE INVALID"


def _as_deepeyes(given, context: Context) -> Result:
    picture = context.views[0] if context.views else None
    try:
        box = box_as_deepeyes(given, picture.size if picture else (0, 0))
    except Exception as error:
        message = f"'{error.args[0]}'" if isinstance(error, KeyError) else str(error)
        return refusal("bad_box" if message == _INVALID else "bad_arguments", f"Error: {message}")
    cut = cut_out(picture, box, context.settings["crop"])
    return Result(picture=cut, record={"box_source_px": list(box), "image_index": 0})


def box_as_deepeyes(given, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Raises what the original raises, with its message."""
    width, height = size
    box = given["bbox_2d"]
    if not isinstance(box, (str, list, dict)):
        raise TypeError(
            f"verl.workers.agent.envs.mm_process_engine.visual_toolbox_v2.{_METHOD} argument after * must be an iterable, not {type(box).__name__}"
        )
    sides = list(box)
    if len(sides) > 4:
        raise TypeError(f"{_METHOD} takes 5 positional arguments but {len(sides) + 1} were given")
    if len(sides) < 4:
        names = [f"'{side}'" for side in _SIDES[len(sides) :]]
        *first, last = names
        listed = f"{', '.join(first)}, and {last}" if len(first) > 1 else " and ".join(names)
        plural = "arguments" if first else "argument"
        raise TypeError(f"{_METHOD} missing {len(names)} required positional {plural}: {listed}")

    def compared(value, sign: str):
        if isinstance(value, (int, float)):
            return value
        raise TypeError(f"'{sign}' not supported between instances of '{type(value).__name__}' and 'int'")

    left, top = max(0, compared(sides[0], ">")), max(0, compared(sides[1], ">"))
    right, bottom = min(width, compared(sides[2], "<")), min(height, compared(sides[3], "<"))
    wide, high = right - left, bottom - top
    if not (left < right and bottom > top and max(wide, high) / min(wide, high) <= 100 and min(wide, high) > 30):
        raise ValueError(_INVALID)
    return tuple(map(round, (left, top, right, bottom)))


def rotate(given, context: Context) -> Result:
    """image_rotate_tool: anticlockwise about the centre, as Pillow turns."""
    if context.settings["environment"] == "deepeyes":
        return _rotated_as_deepeyes(given, context)
    degrees = given.get("angle") if isinstance(given, dict) else None
    if not is_number(degrees) or not math.isfinite(double(degrees)):
        return refusal("bad_arguments", "Error: angle must be a number of degrees")
    chosen = chosen_view(given.get("image_index"), context.views)
    if isinstance(chosen, Result):
        return chosen
    from .texts import number_text

    caption = f"Rotated image {chosen} by {number_text(degrees)} degrees; this is image {len(context.views)}."
    return Result(caption=caption, picture=_turned(context.views[chosen], degrees), record={"image_index": chosen})


def _turned(picture, degrees):
    return picture.rotate(math.fmod(math.fmod(double(degrees), 360) + 360, 360))


def _rotated_as_deepeyes(given, context: Context) -> Result:
    try:
        angle = given["angle"]
        if isinstance(angle, str):
            raise TypeError("not all arguments converted during string formatting")
        if not isinstance(angle, (int, float)):
            raise TypeError(f"unsupported operand type(s) for %: '{type(angle).__name__}' and 'float'")
    except Exception as error:
        message = f"'{error.args[0]}'" if isinstance(error, KeyError) else str(error)
        return refusal("bad_arguments", f"Error: {message}")
    if not context.views or not math.isfinite(double(angle)):
        return refusal("image_index", "Error: there is no picture to act on")
    return Result(picture=_turned(context.views[0], angle), record={"image_index": 0})


def mark(given, context: Context) -> Result:
    """image_mark_tool: a cross at a point. Arguments by its schema, which is Saccade's."""
    from .pictures import with_cross

    fault = _mark_fault(given)
    if fault is not None:
        return refusal("bad_arguments", f"Error: {fault}")
    x, y = map(double, given["point_2d"])
    chosen = chosen_view(given.get("image_index"), context.views)
    if isinstance(chosen, Result):
        return chosen
    wide, high = context.units(chosen)
    if min(x, y) < 0 or x > wide or y > high:
        return refusal("bad_point", f"Error: point_2d must lie inside the image, which ends at [{wide}, {high}]")
    picture = context.views[chosen]
    px = min(math.floor(x / wide * picture.width), picture.width - 1)
    py = min(math.floor(y / high * picture.height), picture.height - 1)
    from .texts import number_text

    caption = f"Marked [{number_text(x)}, {number_text(y)}] in image {chosen}; this is image {len(context.views)}."
    return Result(caption=caption, picture=with_cross(picture, px, py), record={"image_index": chosen})


def _mark_fault(given) -> str | None:
    if not isinstance(given, dict):
        return "arguments must be an object with point_2d, image_index"
    if "point_2d" not in given:
        return "point_2d is missing"
    point = given["point_2d"]
    if not (isinstance(point, list) and len(point) == 2 and all(is_number(n) and math.isfinite(double(n)) for n in point)):
        return "point_2d must be a list of 2 numbers"
    index = given.get("image_index")
    if index is None:
        return None
    if not is_number(index) or not math.isfinite(double(index)) or not double(index).is_integer() or index < 0:
        return "image_index must be a whole number from 0"
    return None


TOOLS = {"image_zoom_in_tool": zoom, "image_rotate_tool": rotate, "image_mark_tool": mark}


def dumped(value) -> str:
    return json.dumps(value, ensure_ascii=False)
