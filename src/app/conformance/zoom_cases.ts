import { intersectionOverUnion } from "../../agent/box_overlap.ts";
import { zoomAsVerl } from "../../agent/tools/zoom_verl.ts";
import type { Box } from "../../image/pixels.ts";
import { type SizeRule, smartResize } from "../../image/smart_resize.ts";
import { close, type Outcome, same } from "./outcome.ts";
import { stepAsDeepEyes } from "./step_deepeyes.ts";

type Size = [width: number, height: number];

/** What verl's tool did in a case. */
interface VerlCase {
  status: "ok" | "error";
  kind?: string;
  reason?: string;
  enlarged?: boolean;
  box?: number[];
  crop?: number[];
  output_size?: Size;
  model_input_size?: Size;
  text: string;
  tool_reward?: number;
}

/** What DeepEyes' environment did. */
interface DeepEyesCase {
  status: "ok" | "error";
  crop?: number[];
  output_size?: Size;
  text?: string;
  done?: boolean;
}

export interface ZoomCase {
  id: string;
  image_size: Size;
  arguments_json: string;
  verl: VerlCase;
  official_v2: DeepEyesCase;
}

export interface EndToEndCase {
  id: string;
  raw_image_size: Size;
  model_and_verl_tool_image_size: Size;
  arguments_json: string;
  verl: VerlCase;
  official_v2_on_raw_image: DeepEyesCase;
  region_meant_in_raw_pixels?: number[];
  official_iou_with_region_meant?: number;
}

export interface SmartResizeCase {
  id: string;
  image_size: Size;
  qwen_vl_utils: SizeResult;
  hf_processor_pre_5: SizeResult;
}

interface SizeResult {
  status: "ok" | "error";
  size?: Size;
  image_tokens?: number;
  kind?: string;
}

/** The limits that both libraries have of their own accord. */
const limits = { factor: 28, minPixels: 4 * 28 * 28, maxPixels: 16384 * 28 * 28 };
const tool = "image_zoom_in_tool";
const sides = ([left, top, right, bottom]: Box): Size => [right - left, bottom - top];
const sized = ([width, height]: Size) => ({ width, height });

export async function* zoom({ id, image_size, arguments_json, verl, official_v2 }: ZoomCase): AsyncGenerator<Outcome> {
  const call = { id, json: arguments_json, size: image_size };
  yield verlOutcome("zoom, verl", call, verl);
  yield await deepEyesOutcome("zoom, DeepEyes", call, official_v2);
}

/** A call with its arguments as the model wrote them, on a picture of a size. */
interface CaseCall {
  id: string;
  json: string;
  size: Size;
}

function verlOutcome(quantity: string, { id, json, size }: CaseCall, want: VerlCase): Outcome {
  const reply = zoomAsVerl(json, sized(size));
  const got: Record<string, unknown> = reply.ok
    ? {
        status: "ok",
        enlarged: reply.enlarged,
        box: reply.box,
        crop: reply.cropShownPx,
        output_size: sides(reply.cropShownPx),
        model_input_size: resized(sides(reply.cropShownPx), "transformers-4").size,
        text: reply.text,
        tool_reward: reply.toolReward,
      }
    : { status: "error", kind: reply.kind, reason: reply.reason, text: reply.text, tool_reward: reply.toolReward };
  // References may leave out what follows from the rest.
  const asked = Object.fromEntries(Object.keys({ ...want, status: "" }).map((key) => [key, got[key]]));
  return same(quantity, id, asked, want);
}

async function deepEyesOutcome(quantity: string, { id, json, size }: CaseCall, want: DeepEyesCase): Promise<Outcome> {
  const step = await stepAsDeepEyes(`<tool_call>{"name": "${tool}", "arguments": ${json}}</tool_call>`, sized(size));
  let got: unknown;
  if (step.done) got = { status: "error", done: true };
  else if (step.cropSourcePx) got = { status: "ok", crop: step.cropSourcePx, output_size: sides(step.cropSourcePx) };
  else got = { status: "error", text: step.error, done: false };
  return same(quantity, id, got, want);
}

export async function* zoomEndToEnd(one: EndToEndCase): AsyncGenerator<Outcome> {
  const { id, raw_image_size, arguments_json } = one;
  const { size } = resized(raw_image_size, "qwen-vl-utils");
  yield same("end to end, size shown", id, size, one.model_and_verl_tool_image_size);
  if (!size) return;
  yield verlOutcome("end to end, verl", { id, json: arguments_json, size }, one.verl);
  yield await deepEyesOutcome(
    "end to end, DeepEyes",
    { id, json: arguments_json, size: raw_image_size },
    one.official_v2_on_raw_image,
  );
  if (!one.region_meant_in_raw_pixels) return;
  const written = (JSON.parse(arguments_json) as { bbox_2d: Box }).bbox_2d;
  const meant = written.map((side, i) => (side * raw_image_size[i % 2]!) / size[i % 2]!) as Box;
  // Written with two decimals.
  yield close("end to end, region meant", id, { got: meant, want: one.region_meant_in_raw_pixels, tolerance: 0.005 });
  const crop = one.official_v2_on_raw_image.crop as Box | undefined;
  if (crop && one.official_iou_with_region_meant !== undefined)
    yield close("end to end, overlap", id, {
      got: [intersectionOverUnion(crop, meant)],
      want: [one.official_iou_with_region_meant],
      tolerance: 1e-4,
    });
}

export function* sizes({ id, image_size, qwen_vl_utils, hf_processor_pre_5 }: SmartResizeCase): Generator<Outcome> {
  yield same("smart_resize, qwen-vl-utils", id, resized(image_size, "qwen-vl-utils"), qwen_vl_utils);
  yield same("smart_resize, transformers 4", id, resized(image_size, "transformers-4"), hf_processor_pre_5);
}

function resized([width, height]: Size, rule: SizeRule): SizeResult {
  try {
    const { widthPx, heightPx } = smartResize(height, width, limits, rule);
    const image_tokens = (widthPx / limits.factor) * (heightPx / limits.factor);
    return { status: "ok", size: [widthPx, heightPx], image_tokens };
  } catch {
    const small = rule === "transformers-4" && Math.min(width, height) < limits.factor;
    return { status: "error", kind: small ? "side_lt_28" : "aspect_ratio_gt_200" };
  }
}
