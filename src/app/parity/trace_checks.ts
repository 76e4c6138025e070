import { patchOrder, windowOrder } from "../../model/positions.ts";
import { type Check, check, compare, type Subject, worst } from "./check.ts";
import type { ForwardPass } from "./forward_pass.ts";
import { inputImages } from "./sequence_checks.ts";

/** States between layers, in the order in which they are computed; a failure names the first that differs. */
export function* traceChecks(subject: Subject, { states }: ForwardPass): Generator<Check> {
  const { trace } = subject.folder;
  if (!trace) return;
  if (trace.has("vision.window_index")) yield windowCheck(subject);
  const checks = [...states]
    .filter(([name]) => trace.has(name))
    .map(
      ([name, got]) => [name, compare(subject, "trace", got, inOurOrder(subject, name), { label: "trace" })] as const,
    );
  if (checks.length === 0) return;
  const first = checks.find(([, one]) => !one.passed);
  yield {
    ...worst(checks),
    ...(first ? { note: `the first layer that differs is ${first[0]}, by ${first[1].error.toExponential(1)}` } : {}),
  };
}

/** Patches after their embedding stand in the processor's order in a trace, and window by window here. */
function inOurOrder(subject: Subject, name: string): Float32Array {
  const values = subject.folder.trace!.floats(name);
  if (name !== "vision.patch_embed") return values;
  const C = subject.folder.trace!.shape(name)[1]!;
  const ordered = new Float32Array(values.length);
  let at = 0;
  for (const { grid } of inputImages(subject)) {
    const order = patchOrder(grid, subject.model.config.vision);
    order.forEach((patch, place) => {
      ordered.set(values.subarray((at + patch) * C, (at + patch + 1) * C), (at + place) * C);
    });
    at += order.length;
  }
  return ordered;
}

/** Order and ends of the windows. */
function windowCheck(subject: Subject): Check {
  const trace = subject.folder.trace!;
  const { vision } = subject.model.config;
  if (vision.family !== "qwen2_5_vl")
    return check(subject, "position_ids", Number.POSITIVE_INFINITY, {
      label: "trace windows",
      note: "this family has no windows",
    });
  const index: number[] = [];
  const ends = [0];
  const unit = vision.spatialMergeSize ** 2;
  for (const { grid } of inputImages(subject)) {
    const first = index.length;
    const { order, spans } = windowOrder(grid, vision);
    for (const block of order) index.push(first + block);
    for (let place = 0; place < order.length; place = spans[place * 2 + 1]!)
      ends.push((first + spans[place * 2 + 1]!) * unit);
  }
  return worst([
    [
      "window_index",
      compare(subject, "position_ids", index, trace.integers("vision.window_index"), { label: "trace windows" }),
    ],
    [
      "cu_window_seqlens",
      compare(subject, "position_ids", ends, trace.integers("vision.cu_window_seqlens"), { label: "trace windows" }),
    ],
  ]);
}
