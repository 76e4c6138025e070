import { intersectionOverUnion } from "../../agent/box_overlap.ts";
import type { End, Rollout, ToolCall } from "../../agent/rollout.ts";
import type { Box, Pixels } from "../../image/pixels.ts";
import { smartResize } from "../../image/smart_resize.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import type { ModelFacts } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";

/** What is needed of a Session (src/app/session/session.ts). */
export interface BenchmarkSession {
  readonly adapter: string;
  readonly model: Pick<ModelFacts, "name" | "view">;
  change(changes: Partial<RunConfig>): void;
  /** `step` is part of the sampling key, so that no two calls sample alike. */
  rollTasks(
    tasks: readonly Task[],
    options: { rolloutsPerTask: number; greedy: boolean; step?: number; source: Pick<TaskSource, "pictures"> },
  ): AsyncGenerator<{ task: Task; rollouts: Rollout[] }>;
  texts(tokens: readonly number[]): string[];
}

/** What is taken away to measure its effect. */
export const controls = ["none", "no-tool", "blank-crop", "shuffled-crop", "as-given"] as const;
export type Control = (typeof controls)[number];

/** What a control changes of a run; "as-given" changes the questions instead. */
export const changesOf: Record<Control, Pick<RunConfig, "zoom" | "crop">> = {
  none: { zoom: true, crop: "source" },
  "no-tool": { zoom: false, crop: "source" },
  "blank-crop": { zoom: true, crop: "blank" },
  "shuffled-crop": { zoom: true, crop: "shuffled" },
  "as-given": { zoom: true, crop: "source" },
};

/** Whether an answer is right, null where no judge answered. */
export interface Scored {
  right: boolean | null;
  /** The rule or judge that decided. */
  verdict: string;
}

/** One question, in one form. */
export interface Asking {
  task: Task;
  /** Which of its item's orders of options. */
  order: number;
  /** What would be right, for people: "B. red", "7". */
  gold: string;
  /** Share of such questions that somebody gets right who does not look at the picture. */
  guess: number;
  score(rollout: Rollout): Promise<Scored>;
}

/** One item of a benchmark, with its picture. */
export interface OpenItem {
  pixels: Pixels[];
  /** Where the objects asked for stand, in these pixels. */
  targetsSourcePx: readonly Box[];
  askings(control: Control): Asking[];
}

/** The same before its picture is read. */
export interface Item {
  id: string;
  /** What is summed up together. */
  set: string;
  category: string;
  /** @throws Error with one sentence where the picture cannot be had */
  open(): Promise<OpenItem>;
}

/** The result of one rollout. Plain data: a line of results.jsonl. */
export interface BenchmarkResult {
  type: "rollout";
  control: Control;
  greedy: boolean;
  set: string;
  category: string;
  item: string;
  order: number;
  rolloutIndex: number;
  answer: string | null;
  gold: string;
  /** What a guess is worth here; see `Asking`. */
  guess: number;
  right: boolean | null;
  verdict: string;
  end: End;
  error?: string;
  calls: (Pick<ToolCall, "outcome" | "boxSourcePx" | "imageIndex" | "message"> & { iou?: number })[];
  /** What the model wrote, turn by turn. */
  said: string[];
}

/** An item that was not asked. */
export interface LeftOut {
  type: "left-out";
  item: string;
  why: string;
}

export interface BenchmarkSettings {
  config: RunConfig;
  controls: readonly Control[];
  /** Rollouts at the run's temperature, beside the greedy one; 0: none. */
  sampled: number;
}

/** Tokens, rollouts and bytes of decoded pictures that are held at once. */
const mostTokens = 131_072;
const mostRollouts = 128;
const mostPixelBytes = 2 ** 29;
/** Steps of a run's evaluations begin at 2^31; these lie behind them. */
const firstStep = 3 * 2 ** 30;

/**
 * Asks everything under every control, greedily and sampled, and yields the result of each rollout. A picture is read
 * once: all is asked about it before the next ones are.
 */
export async function* runBenchmark(
  session: BenchmarkSession,
  items: readonly Item[],
  settings: BenchmarkSettings,
): AsyncGenerator<BenchmarkResult | LeftOut> {
  let batch: Opened[] = [];
  let held = { tokens: 0, rollouts: 0, bytes: 0 };
  try {
    for (const [index, item] of items.entries()) {
      let opened: OpenItem;
      try {
        opened = await item.open();
      } catch (error) {
        yield { type: "left-out", item: item.id, why: (error as Error).message };
        continue;
      }
      const needs = needsOf(opened, settings, session.model);
      const fits =
        held.tokens + needs.tokens <= mostTokens &&
        held.rollouts + needs.rollouts <= mostRollouts &&
        held.bytes + needs.bytes <= mostPixelBytes;
      if (!fits && batch.length > 0) {
        yield* ask(session, batch, settings);
        batch = [];
        held = { tokens: 0, rollouts: 0, bytes: 0 };
      }
      batch.push({ item, opened, index });
      held = {
        tokens: held.tokens + needs.tokens,
        rollouts: held.rollouts + needs.rollouts,
        bytes: held.bytes + needs.bytes,
      };
    }
    yield* ask(session, batch, settings);
  } finally {
    // The session is left as it was.
    session.change({ zoom: settings.config.zoom, crop: settings.config.crop });
  }
}

interface Opened {
  item: Item;
  opened: OpenItem;
  /** Place among all items. */
  index: number;
}

async function* ask(
  session: BenchmarkSession,
  batch: readonly Opened[],
  { controls, sampled }: BenchmarkSettings,
): AsyncGenerator<BenchmarkResult> {
  if (batch.length === 0) return;
  for (const control of controls) {
    session.change(changesOf[control]);
    const asked = batch.flatMap(({ item, opened }) =>
      opened.askings(control).map((asking) => ({ item, opened, ...asking })),
    );
    const byId = new Map(asked.map((one) => [one.task.id, one]));
    const source = { pictures: async ({ id }: Task) => byId.get(id)!.opened.pixels };
    for (const greedy of sampled > 0 ? [true, false] : [true]) {
      const options = { rolloutsPerTask: greedy ? 1 : sampled, greedy, step: firstStep + batch[0]!.index, source };
      for await (const { task, rollouts } of session.rollTasks(
        asked.map((one) => one.task),
        options,
      )) {
        const one = byId.get(task.id)!;
        const scored = await Promise.all(rollouts.map((rollout) => one.score(rollout)));
        for (const [i, rollout] of rollouts.entries())
          yield resultOf(session, rollout, { ...one, ...scored[i]! }, { control, greedy, rolloutIndex: i });
      }
    }
  }
}

function resultOf(
  session: BenchmarkSession,
  { answer, end, error, calls, segments }: Rollout,
  { item, opened, order, gold, guess, right, verdict }: { item: Item; opened: OpenItem } & Asking & Scored,
  sampling: Pick<BenchmarkResult, "control" | "greedy" | "rolloutIndex">,
): BenchmarkResult {
  const { targetsSourcePx } = opened;
  return {
    type: "rollout",
    control: sampling.control,
    greedy: sampling.greedy,
    set: item.set,
    category: item.category,
    item: item.id,
    order,
    rolloutIndex: sampling.rolloutIndex,
    answer,
    gold,
    guess,
    right,
    verdict,
    end,
    ...(error === undefined ? {} : { error }),
    calls: calls.map(({ outcome, boxSourcePx, imageIndex, message }) => ({
      outcome,
      ...(boxSourcePx ? { boxSourcePx } : {}),
      ...(imageIndex === undefined ? {} : { imageIndex }),
      ...(message === undefined ? {} : { message }),
      // The targets stand in picture 0; of several, the one that was meant best.
      ...(outcome === "ok" && boxSourcePx && imageIndex === 0 && targetsSourcePx.length > 0
        ? { iou: Math.max(...targetsSourcePx.map((target) => intersectionOverUnion(boxSourcePx, target))) }
        : {}),
    })),
    said: segments.filter(({ source }) => source === "model").map(({ tokens }) => session.texts(tokens).join("")),
  };
}

/** What an item needs at most, under any control. */
function needsOf(
  { pixels, askings }: OpenItem,
  { config, controls, sampled }: BenchmarkSettings,
  { view }: Pick<ModelFacts, "view">,
): { tokens: number; rollouts: number; bytes: number } {
  const limits = view ?? { factor: 28, minPixels: 3_136, maxPixels: 12_845_056 };
  const imageTokens = pixels.reduce((sum, { width, height }) => {
    const { widthPx, heightPx } = smartResize(height, width, limits, "qwen-vl-utils");
    return sum + (widthPx * heightPx) / limits.factor ** 2;
  }, 0);
  const { firstTurnTokens, nextTurnTokens, maxToolCalls, responseTokens } = config;
  const allTurns = firstTurnTokens + maxToolCalls * (imageTokens + nextTurnTokens);
  const suffix = responseTokens > 0 ? Math.min(responseTokens, allTurns) : allTurns;
  const asked = Math.max(...controls.map((control) => askings(control).length));
  const each = Math.max(1, sampled);
  return {
    tokens: asked * (imageTokens + each * suffix),
    rollouts: asked * each,
    // Reading them would render a scene on this side.
    bytes: pixels.reduce((sum, { width, height }) => sum + width * height * 3, 0),
  };
}
