import type { Metrics } from "./events.ts";

/** Zooming is dying out below the first rate, having been above the second in an evaluation before. */
const dying = 0.05;
const living = 0.2;

/** Losing less accuracy than this is no harm: about what 256 tasks can tell. */
const noticeable = 0.03;

/** Whether a zoom rate that died did harm, and what that says. */
export interface ZoomVerdict {
  harmful: boolean;
  /** Probability of a right answer without a call, now. */
  without: number;
  /** With the tools' pictures and without a call, in the evaluation before in which they were worth most of what is lacking now. */
  before: { withTool: number; without: number };
  /** For people. */
  sentence: string;
}

/**
 * Whether a zoom rate that died did harm: whether answers without the tool are now worse than they were with it while
 * zooming was alive, by something that the tool was worth then. Accuracy that falls for other reasons, where the same
 * answers were right without the tool, is no harm of this. Null where zooming is alive, never was, or was not measured.
 *
 * @param before  metrics of the run's sampled evaluations before, with `evalCausal` on
 */
export function zoomVerdict(now: Metrics, before: readonly Metrics[]): ZoomVerdict | null {
  const without = now["causal/without_tool"];
  if ((now.zoom_rate ?? 1) >= dying || without === undefined) return null;
  // Once it is dead, "as they are" is without the tool, and says nothing about it.
  const alive = before.filter(({ zoom_rate = 0 }) => zoom_rate > living);
  const [worst] = alive
    .flatMap((metrics) => {
      const [withTool, then] = [metrics["causal/with_tool"], metrics["causal/without_tool"]];
      if (withTool === undefined || then === undefined) return [];
      return [{ withTool, without: then, lost: Math.min(withTool - without, withTool - then) }];
    })
    .sort((a, b) => b.lost - a.lost);
  if (!worst) return null;
  const [is, with_, then] = [without, worst.withTool, worst.without].map((share) => `${Math.round(100 * share)} %`);
  const harmful = worst.lost > noticeable;
  const sentence = `Zooming died out, which is ${harmful ? "harmful" : "harmless so far"}: without a call ${is} of the answers are right; while it zoomed, ${with_} were with the crops and ${then} without${harmful ? "; a bonus for zooming may bring it back" : ""}`;
  return { harmful, without, before: { withTool: worst.withTool, without: worst.without }, sentence };
}

/** Tells of a dying zoom rate once, and again where the verdict has turned or zooming came back and died anew. */
export class ZoomVerdicts {
  readonly #before: Metrics[] = [];
  #last: ZoomVerdict | null = null;

  /** @param before  metrics of the sampled evaluations before the run was interrupted: what was said of them is not said again */
  constructor(before: readonly Metrics[]) {
    for (const metrics of before) this.after(metrics);
  }

  /** The sentence to raise after a sampled evaluation; null where there is nothing new. */
  after(metrics: Metrics): string | null {
    const verdict = zoomVerdict(metrics, this.#before);
    this.#before.push(metrics);
    const isNew = verdict !== null && verdict.harmful !== this.#last?.harmful;
    this.#last = verdict;
    return isNew ? verdict.sentence : null;
  }
}
