/**
 * Every knob of a run, once: default, range, unit and one line. CLI flags, page controls and URL state are made
 * from these keys; a preset is a spread over the defaults.
 */

export type Bonus = "conditional" | "unconditional" | "none";
export type Crop = "source" | "blank";
export type LossAggMode = "token-mean" | "seq-mean-token-mean";

/** One run. Keys are the names of flags (`--learning-rate`) and of URL fields (`learningRate=`). */
export interface RunConfig {
  preset: string;
  /** Folder under public/ (or on disk) of the model that the run starts from. */
  model: string;
  seed: number;
  steps: number;
  // tasks
  objects: number;
  glyphPx: number;
  shapeMinPx: number;
  shapeMaxPx: number;
  legibleShare: number;
  // rollouts
  tasksPerStep: number;
  rolloutsPerTask: number;
  temperature: number;
  firstTurnTokens: number;
  nextTurnTokens: number;
  maxToolCalls: number;
  zoom: boolean;
  crop: Crop;
  // reward
  answerWeight: number;
  formatWeight: number;
  bonusWeight: number;
  bonus: Bonus;
  // GRPO
  learningRate: number;
  warmupSteps: number;
  beta1: number;
  beta2: number;
  weightDecay: number;
  maxGradNorm: number;
  clipRatioLow: number;
  clipRatioHigh: number;
  clipRatioC: number;
  klLossCoef: number;
  updatesPerStep: number;
  normAdvByStd: boolean;
  lossAggMode: LossAggMode;
  // supervised stages
  warmupRows: number;
  // bookkeeping
  evalEvery: number;
  evalTasks: number;
  saveEvery: number;
}

/** How a knob is written, checked and shown. */
export type Knob = {
  line: string;
  unit?: string;
  group: "run" | "tasks" | "rollouts" | "reward" | "grpo" | "warmup" | "bookkeeping";
  /** Whether a change takes effect at the next step of a running run, or needs a new one. */
  applies: "next step" | "new run";
} & (
  | { kind: "number" | "integer"; default: number; min: number; max: number }
  | { kind: "boolean"; default: boolean }
  | { kind: "choice"; default: string; choices: readonly string[] }
  | { kind: "text"; default: string }
);

const integer = (
  group: Knob["group"],
  fallback: number,
  min: number,
  max: number,
  line: string,
  unit?: string,
): Knob => ({
  kind: "integer",
  default: fallback,
  min,
  max,
  line,
  unit,
  group,
  applies: "new run",
});
const number = (
  group: Knob["group"],
  fallback: number,
  min: number,
  max: number,
  line: string,
  unit?: string,
): Knob => ({
  kind: "number",
  default: fallback,
  min,
  max,
  line,
  unit,
  group,
  applies: "new run",
});
const live = (knob: Knob): Knob => ({ ...knob, applies: "next step" });

export const knobs: Record<keyof RunConfig, Knob> = {
  preset: {
    kind: "text",
    default: "needle",
    line: "named starting point; other flags change it",
    group: "run",
    applies: "new run",
  },
  model: {
    kind: "text",
    default: "needle",
    line: "shipped variant, or a folder with a Hugging Face checkpoint",
    group: "run",
    applies: "new run",
  },
  seed: integer("run", 0, 0, 4294967295, "fixes the scenes, the sampling, everything"),
  steps: live(integer("run", 100, 1, 1_000_000, "optimizer steps in the run")),

  objects: integer("tasks", 4, 1, 8, "coloured shapes in a scene; one is asked for, the rest distract"),
  glyphPx: number(
    "tasks",
    3,
    1,
    16,
    "size of one dot of the 5 x 7 digit; 3 cannot be read without zooming",
    "source px",
  ),
  shapeMinPx: number("tasks", 48, 16, 320, "smallest shape", "source px"),
  shapeMaxPx: number("tasks", 64, 16, 320, "largest shape", "source px"),
  legibleShare: number("tasks", 0, 0, 1, "share of scenes that are close-ups, legible at first sight"),

  tasksPerStep: integer("rollouts", 16, 1, 1024, "tasks (groups) in a step; verl: data.train_batch_size"),
  rolloutsPerTask: integer("rollouts", 8, 2, 64, "attempts at each task; verl: rollout.n"),
  temperature: live(number("rollouts", 1, 0.05, 5, "divides the logits before sampling")),
  firstTurnTokens: integer("rollouts", 18, 1, 4096, "longest first turn", "tokens"),
  nextTurnTokens: integer("rollouts", 5, 1, 4096, "longest later turn", "tokens"),
  maxToolCalls: integer("rollouts", 1, 0, 8, "zooms allowed in a rollout"),
  zoom: {
    kind: "boolean",
    default: true,
    line: "off: the model cannot start a tool call",
    group: "rollouts",
    applies: "new run",
  },
  crop: {
    kind: "choice",
    default: "source",
    choices: ["source", "blank"],
    line: "blank: the zoom answers with a grey picture (a control)",
    group: "rollouts",
    applies: "new run",
  },

  answerWeight: live(number("reward", 0.8, -10, 10, "paid for a right answer")),
  formatWeight: live(number("reward", 0.2, -10, 10, "times 0 for good format, -1 for broken")),
  bonusWeight: live(number("reward", 1.2, -10, 10, "paid for zooming, by the rule in bonus")),
  bonus: live({
    kind: "choice",
    default: "conditional",
    choices: ["conditional", "unconditional", "none"],
    line: "conditional: only with a right answer",
    group: "reward",
    applies: "next step",
  }),

  learningRate: live(number("grpo", 2e-4, 0, 1, "AdamW step size")),
  warmupSteps: integer("grpo", 5, 0, 100_000, "linear warm-up of the learning rate", "steps"),
  beta1: number("grpo", 0.9, 0, 0.9999, "AdamW: decay of the mean gradient"),
  beta2: number("grpo", 0.999, 0, 0.99999, "AdamW: decay of the mean squared gradient"),
  weightDecay: number("grpo", 0, 0, 1, "AdamW: decoupled decay, on every tensor"),
  maxGradNorm: live(number("grpo", 1, 0, 1e6, "gradients are scaled down to this norm; 0: never")),
  clipRatioLow: live(number("grpo", 0.2, 0, 1, "ratio may fall to 1 - this")),
  clipRatioHigh: live(number("grpo", 0.2, 0, 10, "ratio may rise to 1 + this")),
  clipRatioC: live(number("grpo", 3, 1, 100, "dual clip: bound of the loss where the advantage is negative")),
  klLossCoef: live(number("grpo", 0, 0, 10, "weight of the low-variance KL to the starting model")),
  updatesPerStep: integer("grpo", 1, 1, 16, "optimizer updates on one batch of rollouts"),
  normAdvByStd: {
    kind: "boolean",
    default: true,
    line: "divide advantages by the group's deviation; verl: norm_adv_by_std_in_grpo",
    group: "grpo",
    applies: "new run",
  },
  lossAggMode: {
    kind: "choice",
    default: "token-mean",
    choices: ["token-mean", "seq-mean-token-mean"],
    line: "how token losses become one",
    group: "grpo",
    applies: "new run",
  },

  warmupRows: integer(
    "warmup",
    800_000,
    256,
    100_000_000,
    "supervised rows from random weights to a model that reads and points",
    "rows",
  ),

  evalEvery: live(integer("bookkeeping", 0, 0, 100_000, "held-out evaluation every so many steps; 0: never", "steps")),
  evalTasks: live(integer("bookkeeping", 256, 1, 100_000, "held-out scenes in an evaluation")),
  saveEvery: live(integer("bookkeeping", 10, 1, 100_000, "checkpoint every so many steps", "steps")),
};

const defaults = Object.fromEntries(
  Object.entries(knobs).map(([key, knob]) => [key, knob.default]),
) as unknown as RunConfig;

/** Named starting points: what differs from the defaults, and a line for people. */
export const presets: Record<string, { line: string; changes: Partial<RunConfig> }> = {
  needle: { line: "Needle: learn to zoom. The digit cannot be read at first sight", changes: {} },
  story: {
    line: "Story: the digit can often be read at first sight; does zooming survive without a bonus?",
    changes: { model: "story", shapeMinPx: 90, shapeMaxPx: 110, glyphPx: 8 },
  },
};

/** The configuration of a preset with changes over it. @throws Error that names the nearest preset, knob or range. */
export function resolveConfig(changes: Partial<Record<keyof RunConfig, unknown>>): RunConfig {
  const name = String(changes.preset ?? "needle");
  const preset = presets[name];
  if (!preset)
    throw new Error(
      `There is no preset "${name}"; did you mean "${nearest(name, Object.keys(presets))}"? Presets: ${Object.keys(presets).join(", ")}`,
    );
  const config: Record<string, unknown> = { ...defaults, ...preset.changes, preset: name };
  for (const [key, value] of Object.entries(changes)) if (value !== undefined) config[key] = checkKnob(key, value);
  const resolved = config as unknown as RunConfig;
  if (resolved.shapeMaxPx < resolved.shapeMinPx)
    throw new Error(`shapeMaxPx (${resolved.shapeMaxPx}) must be at least shapeMinPx (${resolved.shapeMinPx})`);
  return resolved;
}

/** The value of one knob, parsed from text if need be. @throws Error that says what was expected and found. */
export function checkKnob(key: string, value: unknown): RunConfig[keyof RunConfig] {
  const knob = knobs[key as keyof RunConfig];
  if (!knob) throw new Error(`There is no knob "${key}"; did you mean "${nearest(key, Object.keys(knobs))}"?`);
  switch (knob.kind) {
    case "text":
      return String(value);
    case "boolean":
      if (value === true || value === "true" || value === "1" || value === "on") return true;
      if (value === false || value === "false" || value === "0" || value === "off") return false;
      throw new Error(`${key} must be true or false, found "${value}"`);
    case "choice":
      if (!knob.choices.includes(String(value)))
        throw new Error(`${key} must be one of ${knob.choices.join(", ")}, found "${value}"`);
      return String(value);
    default: {
      const parsed = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
      if (!Number.isFinite(parsed))
        throw new Error(`${key} must be a number from ${knob.min} to ${knob.max}, found "${value}"`);
      if (knob.kind === "integer" && !Number.isInteger(parsed))
        throw new Error(`${key} must be a whole number, found ${value}`);
      if (parsed < knob.min || parsed > knob.max)
        throw new Error(`${key} must lie between ${knob.min} and ${knob.max}, found ${value}`);
      return parsed;
    }
  }
}

/** The candidate with the fewest edits to `word`. */
export function nearest(word: string, candidates: readonly string[]): string {
  const distance = (a: string, b: string): number => {
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++)
        next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      row = next;
    }
    return row[b.length]!;
  };
  const lower = word.toLowerCase();
  return candidates.reduce((best, c) =>
    distance(lower, c.toLowerCase()) < distance(lower, best.toLowerCase()) ? c : best,
  );
}
