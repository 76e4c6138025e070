import type { Metrics } from "./events.ts";

/** Zooming is dying out below the first rate, having been above the second in an evaluation before. */
const dying = 0.05;
const living = 0.2;

/** Losing less accuracy than this is no harm: about what 256 tasks can tell. */
const noticeable = 0.03;

/** Whether a zoom rate that died did harm, and what that says. */
export interface ZoomVerdict {
  harmful: boolean;
  /** Probability of a right answer: without a call now, and with the tool at best while zooming was alive. */
  without: number;
  withTool: number;
  /** For people. */
  sentence: string;
}

/**
 * Whether a zoom rate that died did harm: what the answers are worth without the tool now, beside what they were worth with
 * it at best while zooming was alive. Null where zooming is alive, never was, or was not measured.
 *
 * @param before  metrics of the run's sampled evaluations before, with `evalCausal` on
 */
export function zoomVerdict(now: Metrics, before: readonly Metrics[]): ZoomVerdict | null {
  const without = now["causal/without_tool"];
  // Once it is dead, "as they are" is without the tool, and says nothing about it.
  const alive = before.filter(({ zoom_rate = 0 }) => zoom_rate > living);
  const measured = alive.flatMap((metrics) => metrics["causal/with_tool"] ?? []);
  if ((now.zoom_rate ?? 1) >= dying || without === undefined || measured.length === 0) return null;
  const withTool = Math.max(...measured);
  const [then, is] = [withTool, without].map((share) => `${Math.round(100 * share)} %`);
  const harmful = without < withTool - noticeable;
  const sentence = harmful
    ? `Zooming died out, which is harmful: without a call ${is} of the answers are right, with the tool ${then} were; a bonus for zooming may bring it back`
    : `Zooming died out, which is harmless so far: without a call ${is} of the answers are right, with the tool ${then} were`;
  return { harmful, without, withTool, sentence };
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
