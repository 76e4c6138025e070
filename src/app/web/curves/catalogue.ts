import { type MetricEntry, metricTable } from "../../../train/metrics.ts";
import type { GroupName } from "./curve_groups.ts";
import { heldOutKey } from "./run_points.ts";

/** One line of a curve: a metric's key, its short name and colour (a CSS variable). */
export interface Part {
  key: string;
  name: string;
  colour: string;
}

/** One chart: what it is called, where it stands, and the metrics in it. */
export interface CurveSpec {
  /** Names it in what is stored; never shown. */
  id: string;
  title: string;
  group: GroupName;
  /** What it shows, in a line. */
  line: string;
  /** The first part is the big number. */
  parts: readonly [Part, ...Part[]];
  range?: [number, number];
  /** In the place of a number where a step has none. */
  none?: string;
  /** Shown only where the run has one of its metrics. */
  optional?: boolean;
  /** Metrics with this beginning are parts as well, each by the rest of its name. */
  rest?: string;
  /** Metrics between which a band is drawn, behind the lines. */
  band?: { low: string; high: string };
}

/** Colours of what has none of its own, in turn. */
export const palette = ["--answer", "--tool", "--gold", "--format", "--zoom2", "--bad", "--zoom1", "--soft"] as const;

const share: [number, number] = [0, 1];
const table: Readonly<Record<string, MetricEntry>> = metricTable;
const entryOf = (key: string): MetricEntry | undefined => (Object.hasOwn(table, key) ? table[key] : undefined);
const lineOf = (key: string): string => entryOf(key)?.line ?? `the metric ${key} of the log`;

const part = (key: string, name: string, colour: string): Part => ({ key, name, colour });

type Extras = Partial<Omit<CurveSpec, "id" | "parts">>;

/** A chart of one metric. */
const one = (group: GroupName, key: string, title: string, colour: string, more: Extras = {}): CurveSpec => ({
  id: key,
  title,
  group,
  line: lineOf(key),
  parts: [part(key, title, colour)],
  ...more,
});

const many = (
  group: GroupName,
  id: string,
  title: string,
  parts: CurveSpec["parts"],
  more: Extras & { line: string },
): CurveSpec => ({ id, title, group, parts, ...more });

/** The charts that the page knows, in order; keys are those of src/train (metrics.ts, update.ts), and the times that run_state.ts adds. */
export const knownCurves: readonly CurveSpec[] = [
  one("outcome", "accuracy", "accuracy", "--answer", { range: share, none: "none judged" }),
  many(
    "outcome",
    "worth",
    "worth of the tool, held-out",
    [
      part(heldOutKey("causal/with_tool", false), "right with tool", "--answer"),
      part(heldOutKey("causal/without_tool", false), "right without", "--soft"),
      part(heldOutKey("causal/gain", false), "gain", "--gold"),
      part(heldOutKey("causal/harm", false), "harm", "--bad"),
      part(heldOutKey("causal/right_anyway", false), "right anyway", "--tool"),
    ],
    {
      line: "held-out tasks: how likely the answer is with the tool and without it, and how often the tool turns a wrong answer into a right one or a right one into a wrong one",
      range: share,
      optional: true,
    },
  ),
  one("outcome", "zoom_rate", "zoom rate", "--tool", { range: share }),
  many("outcome", "rewards", "reward by part", [part("reward", "total", "--total")], {
    line: "mean reward of the scored rollouts, and what each part of it adds",
    rest: "reward/",
  }),
  one("outcome", "iou", "box IoU", "--zoom1"),
  many(
    "outcome",
    "reward_spread",
    "reward spread",
    [part("reward_std", "over the step", "--total"), part("reward_group_std", "within groups", "--gold")],
    {
      line: "standard deviation of rewards: over all rollouts of the step, and over those of one task (what is learned from)",
    },
  ),
  many("outcome", "reward_range", "reward, smallest to largest", [part("reward", "mean", "--total")], {
    line: "mean reward of the step; the band goes from its smallest to its largest",
    band: { low: "reward_min", high: "reward_max" },
  }),
  many(
    "tool",
    "calls",
    "calls per rollout",
    [
      part("calls_ok", "carried out", "--tool"),
      part("calls_requested", "written", "--soft"),
      part("calls_executed", "handed over", "--zoom2"),
    ],
    { line: "tool calls of one attempt at a task, mean over the rollouts of a step" },
  ),
  many("tool", "failures", "tool failures", [part("failed_calls", "all", "--total")], {
    line: "calls that the tool could not carry out, by cause, mean over rollouts",
    rest: "call_error/",
  }),
  many(
    "tool",
    "accuracy_by_zoom",
    "accuracy with and without zoom",
    [part("accuracy_with_zoom", "zoomed", "--tool"), part("accuracy_without_zoom", "did not", "--answer")],
    { line: "right answers among the rollouts that zoomed, and among those that did not", range: share },
  ),
  many(
    "tool",
    "resampling",
    "calls sampled again",
    [
      part("resampled_groups", "groups", "--soft"),
      part("rescued_groups", "rescued", "--answer"),
      part("resampled_accuracy", "continuations right", "--tool"),
    ],
    {
      line: "groups whose calls were all wrong, so that one was sampled again; of these, the groups in which that gave a right answer; and the share of continuations that were right",
      range: share,
      optional: true,
    },
  ),
  many(
    "tool",
    "call_credit",
    "credit of calls",
    [
      part("call_credit/mean", "credit", "--total"),
      part("call_credit/before", "right before", "--soft"),
      part("call_credit/after", "right after", "--answer"),
    ],
    {
      line: "how likely the right answer was before a call and after its result, and the difference: mean over the calls of a step that a tool answered",
      optional: true,
    },
  ),
  many(
    "tool",
    "call_effects",
    "what calls did",
    [
      part("call_credit/useful", "useful", "--gold"),
      part("call_credit/redundant", "redundant", "--soft"),
      part("call_credit/misleading", "misleading", "--bad"),
      part("call_credit/failed", "did not help", "--zoom2"),
    ],
    {
      line: "shares of the calls that a tool answered: they made a wrong answer right, changed nothing in a right one, made it wrong, or left a wrong one wrong",
      range: share,
      optional: true,
    },
  ),
  one("tool", "target_in_crop", "target in the crop", "--gold", { range: share }),
  one("tool", "crop_side_px", "crop side, source px", "--zoom1"),
  many("learning", "losses", "loss", [part("loss", "whole", "--total"), part("policy_loss", "policy", "--answer")], {
    line: "what is minimised: the policy loss, with the terms of KL and entropy where the settings ask for them; mean over the updates of the step",
  }),
  many(
    "learning",
    "kl",
    "KL, nats",
    [part("ppo_kl", "from the sampling weights", "--answer"), part("kl_loss", "from the starting model", "--zoom2")],
    {
      line: "mean log-probability lost per token since sampling, and the distance to the starting model where klLossCoef asks for it",
    },
  ),
  many(
    "learning",
    "clip",
    "clip fraction",
    [part("clip_fraction", "by the ratio", "--answer"), part("clip_fraction_lower", "by the bound", "--bad")],
    {
      line: "share of tokens whose gradient was clipped: because the ratio left its range, or by the bound for negative advantages",
    },
  ),
  one("learning", "grad_norm", "gradient norm", "--format", {
    line: "norm of the gradient before it is clipped, mean over the updates",
  }),
  one("learning", "zero_variance_groups", "groups without variance", "--bad", { range: share }),
  one("learning", "entropy", "entropy, nats", "--soft"),
  one("learning", "learning_rate", "learning rate", "--soft", { line: "learning rate of the step" }),
  one("learning", "ratio_drift", "ratio drift", "--bad", {
    line: "largest distance of the importance ratio from 1 before the first update: 0 where sampling and training agree to the bit",
  }),
  one("learning", "updates", "updates per step", "--soft", { optional: true, line: "optimizer updates in the step" }),
  one("learning", "entropy_loss", "entropy in the loss", "--soft", {
    optional: true,
    line: "the entropy term, mean over the updates",
  }),
  one("rollouts", "response_tokens", "response tokens", "--soft"),
  many("rollouts", "ends", "stop reasons", [part("end/answer", "answer", "--answer")], {
    line: "how rollouts ended: with an answer, malformed, cut off by length, one call too many, or failed",
    range: share,
    rest: "end/",
  }),
  many(
    "rollouts",
    "lost",
    "truncated, unscored",
    [part("truncated", "truncated", "--bad"), part("unscored", "unscored", "--soft")],
    { line: "rollouts that ran out of tokens or turns, and rollouts without a reward", range: share },
  ),
  one("rollouts", "format_rate", "good format", "--format", { range: share }),
  one("rollouts", "num_turns", "turns", "--soft"),
  many(
    "heldout",
    "heldout_accuracy",
    "held-out accuracy",
    [
      part(heldOutKey("accuracy", false), "sampled", "--answer"),
      part(heldOutKey("accuracy", true), "greedy", "--zoom2"),
    ],
    { line: "right answers to held-out tasks, which are not trained on", range: share, optional: true },
  ),
  many(
    "heldout",
    "heldout_zoom",
    "held-out zoom rate",
    [
      part(heldOutKey("zoom_rate", false), "sampled", "--tool"),
      part(heldOutKey("zoom_rate", true), "greedy", "--zoom2"),
    ],
    { line: "rollouts of held-out tasks that zoomed", range: share, optional: true },
  ),
  many(
    "judge",
    "judge",
    "judge",
    [
      part("judge/asked", "asked", "--total"),
      part("judge/by_rule", "by rule", "--soft"),
      part("judge/calls", "requests", "--answer"),
      part("judge/failed", "no verdict", "--tool"),
      part("judge/from_cache", "from the cache", "--format"),
    ],
    { line: "answers that were judged in the step, and by whom", optional: true },
  ),
  many(
    "judge",
    "judge_verdicts",
    "judge’s verdicts",
    [part("judge/approval", "approved", "--answer"), part("judge/disagreement", "votes differ", "--bad")],
    {
      line: "of the answers that a model judged: those that it approved, and those on which several votes differ",
      range: share,
      optional: true,
    },
  ),
  many(
    "judge",
    "judge_tokens",
    "judge’s tokens",
    [part("judge/prompt_tokens", "questions", "--soft"), part("judge/reply_tokens", "replies", "--answer")],
    { line: "tokens of the judge's requests in the step, as its server counts them", optional: true },
  ),
  one("judge", "judge/cost", "judge’s cost", "--tool", {
    optional: true,
    line: "what the judge's tokens cost in the step, by the prices in the settings or as its server says",
  }),
  one("machine", "tokens_per_second", "tokens/s", "--soft", { line: "tokens sampled per second of sampling" }),
  many(
    "machine",
    "seconds",
    "seconds per step",
    [
      part("time/step_s", "whole", "--total"),
      part("time/roll_s", "sampling", "--tool"),
      part("time/update_s", "update", "--answer"),
    ],
    { line: "duration of the step, of its sampling and of its updates" },
  ),
  one("machine", "memory/peak_gib", "peak memory, GiB", "--soft", {
    optional: true,
    line: "the most of the GPU's memory that was held until then",
  }),
];

/** Where a metric stands that no chart has: by the beginning of its name. */
function groupOf(key: string): GroupName {
  if (key.startsWith("judge/")) return "judge";
  if (key.startsWith("time/") || key.startsWith("memory/")) return "machine";
  return "rest";
}

/** A name of a metric as a title; names from logs may be long. */
export function metricTitle(key: string): string {
  const found = /^heldout\/(greedy|sampled)\/(.*)$/.exec(key);
  const name = found?.[2] ?? key;
  const known = entryOf(name)?.label ?? name;
  const title = known.length > 60 ? `${known.slice(0, 59)}…` : known;
  return found ? `${title}, ${found[1]}` : title;
}

/**
 * The charts of some metrics: those that the page knows, then one for each metric that is in none, so that all of a log
 * can be drawn.
 * @param keys  all metrics that the runs have @param own  charts that a person put together
 */
export function curvesOf(keys: ReadonlySet<string>, own: readonly CurveSpec[] = []): CurveSpec[] {
  const specs = knownCurves
    .map((spec) => withRest(spec, keys))
    .filter(({ optional, parts }) => !optional || parts.some(({ key }) => keys.has(key)));
  const drawn = new Set(specs.flatMap(keysOf));
  const others = [...keys].filter((key) => !drawn.has(key)).sort();
  return [
    ...specs,
    ...own,
    ...others.map((key) => one(groupOf(key), key, metricTitle(key), "--soft", { line: heldOutLine(key) })),
  ];
}

const heldOutLine = (key: string): string => lineOf(key.replace(/^heldout\/(greedy|sampled)\//, ""));

/** All metrics that a chart draws. */
export const keysOf = ({ parts, band }: CurveSpec): string[] => [
  ...parts.map(({ key }) => key),
  ...(band ? [band.low, band.high] : []),
];

/** Colours that things have everywhere in the page. */
const ownColours: Readonly<Record<string, string>> = {
  "reward/answer": "--answer",
  "reward/zoom": "--tool",
  "reward/format": "--format",
  "end/answer": "--answer",
  "end/malformed": "--format",
  "end/length": "--bad",
  "end/turns": "--tool",
  "end/error": "--soft",
};

/** A chart whose parts are told by the metrics that there are. */
function withRest(spec: CurveSpec, keys: ReadonlySet<string>): CurveSpec {
  const { rest, parts } = spec;
  if (rest === undefined) return spec;
  const further = [...keys].filter((key) => key.startsWith(rest) && !parts.some((one) => one.key === key));
  const found = further.map((key, i) =>
    part(key, key.slice(rest.length).replaceAll("_", " "), ownColours[key] ?? palette[i % palette.length]!),
  );
  const [first, ...others] = [...parts, ...found];
  return { ...spec, parts: [first!, ...others] };
}

/** A chart of metrics that a person chose. */
export const ownCurve = (title: string, keys: readonly [string, ...string[]]): CurveSpec => {
  const [first, ...others] = keys.map((key, i) => part(key, metricTitle(key), palette[i % palette.length]!));
  return {
    id: `own:${title}`,
    title,
    group: "own",
    line: keys.map(metricTitle).join(", "),
    parts: [first!, ...others],
  };
};
