import { type Check, compare, type Subject, worst } from "./check.ts";
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
  const { family, config } = subject.model;
  const ordered = new Float32Array(values.length);
  let at = 0;
  for (const { grid } of inputImages(subject)) {
    const { patches } = family.patchOrder(grid, config.vision);
    for (const [place, patch] of patches.entries())
      ordered.set(values.subarray((at + patch) * C, (at + patch + 1) * C), (at + place) * C);
    at += patches.length;
  }
  return ordered;
}

/** Order and ends of the windows. */
function windowCheck(subject: Subject): Check {
  const trace = subject.folder.trace!;
  const { family, config } = subject.model;
  const index: number[] = [];
  const ends = [0];
  const unit = config.vision.spatialMergeSize ** 2;
  for (const { grid } of inputImages(subject)) {
    const firstBlock = index.length;
    const { patches, windowEnds } = family.patchOrder(grid, config.vision);
    for (const [place, patch] of patches.entries()) if (place % unit === 0) index.push(firstBlock + patch / unit);
    for (const end of windowEnds) ends.push(firstBlock * unit + end);
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
