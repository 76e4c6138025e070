import type { Rollout, Segment, ToolCall } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import { resolveConfig } from "../../train/config.ts";
import type { TrainEvent } from "../../train/events.ts";
import { knobs } from "../../train/knobs.ts";
import { stepMetrics } from "../../train/metrics.ts";
import type { ForeignPiece, ForeignRollout } from "./foreign_rollout.ts";

/** Tasks of a step, and attempts at one: as many as a log of ours may have. */
const mostTasks = 65_536;
const mostAttempts = 4_096;

/**
 * Rollouts of another program as the events of a run: everything that looks at runs then looks at them. Their tokens are
 * texts, as those of a model on a server; what the log does not say (settings, pictures, durations) is not invented: the
 * model's name is empty, and durations are 0.
 */
export function* foreignEvents(rollouts: readonly ForeignRollout[], program: string): Generator<TrainEvent> {
  const steps = Map.groupBy(rollouts, ({ step }) => step);
  const order = [...steps.keys()].sort((a, b) => a - b);
  const sizes = [...steps.values()].map((own) => new Set(own.map(({ taskKey }) => taskKey)).size);
  const tasksPerStep = inRange("tasksPerStep", Math.max(...sizes));
  const rolloutsPerTask = inRange("rolloutsPerTask", Math.round(rollouts.length / sizes.reduce((a, b) => a + b, 0)));
  const name = `unknown, from a log of ${program}`;
  yield {
    type: "run",
    format: 2,
    config: {
      ...resolveConfig({ steps: inRange("steps", order.at(-1) ?? 1), tasksPerStep, rolloutsPerTask }),
      model: "",
    },
    model: { name, parameters: 0 },
    adapter: "unknown",
    resumedAt: 0,
    startedAt: new Date(0).toISOString(),
  };
  for (const step of order) {
    const groups = [...Map.groupBy(steps.get(step)!, ({ taskKey }) => taskKey).values()].slice(0, mostTasks);
    const tasks = groups.map(([first], taskIndex) => taskOf(first!, program, step, taskIndex));
    yield { type: "tasks", step, tasks };
    const made = groups.map((group, taskIndex) =>
      group.slice(0, mostAttempts).map((one, i) => rolloutOf(one, { step, taskIndex, rolloutIndex: i, program })),
    );
    for (const [taskIndex, own] of made.entries()) yield { type: "group", step, taskIndex, rollouts: own };
    yield { type: "update", step, metrics: stepMetrics(tasks, made), durationMs: 0, rollMs: 0, updateMs: 0 };
  }
}

function inRange(knob: "steps" | "tasksPerStep" | "rolloutsPerTask", value: number): number {
  const { min, max } = knobs[knob] as { min: number; max: number };
  return Math.min(max, Math.max(min, Number.isFinite(value) ? value : min));
}

function taskOf({ prompt, expected, dataSource }: ForeignRollout, program: string, step: number, index: number): Task {
  return {
    id: `${program}/${step}/${index}`,
    source: program,
    question: questionIn(prompt),
    answer: expected,
    imageSizesPx: [],
    ...(dataSource !== null && { dataSource }),
  };
}

/** What the user said last, where the prompt is a template's text; else all of it. */
function questionIn(prompt: string): string {
  const marked = prompt.lastIndexOf("<|im_start|>user\n");
  const from = marked >= 0 ? marked + "<|im_start|>user\n".length : Math.max(0, prompt.lastIndexOf("\nuser\n") + 1);
  const text = prompt
    .slice(from)
    .replace(/^user\n/, "")
    .replace(/(?:<\|im_end\|>)?\s*(?:<\|im_start\|>)?assistant\n?\s*$/, "")
    .replace(/<\|vision_start\|>|<\|vision_end\|>|<\|image_pad\|>|<image>/g, "");
  return text.trim() || prompt.trim();
}

interface Place {
  step: number;
  taskIndex: number;
  rolloutIndex: number;
  program: string;
}

function rolloutOf(foreign: ForeignRollout, { step, taskIndex, rolloutIndex, program }: Place): Rollout {
  const { prompt, pieces, answer, reward, advantage, end, error } = foreign;
  const segments = [segmentOf({ source: "prompt", text: prompt }), ...pieces.map(segmentOf)];
  return {
    id: `${step}·${taskIndex}·${rolloutIndex}`,
    step,
    taskIndex,
    rolloutIndex,
    task: `${program}/${step}/${taskIndex}`,
    segments,
    calls: pieces.flatMap((piece, i) => callsIn(piece, i + 1, pieces[i + 1])),
    end: error !== null ? "error" : end,
    ...(error !== null && { error: error.slice(0, 2000) }),
    answer,
    reward,
    advantage,
    elsewhere: { model: program },
  };
}

function segmentOf({ source, text, tokens }: Omit<ForeignPiece, "source"> & { source: Segment["source"] }): Segment {
  const texts = tokens ? tokens.map((token) => token.text) : wordsOf(text);
  // A token without a number has none: JSON writes it as null.
  const logprobs = source === "model" && tokens ? tokens.map(({ logprob }) => logprob) : [];
  return {
    source,
    tokens: texts.map(() => 0),
    logprobs,
    entropies: [],
    images: [],
    texts,
    tokenCount: tokens ? tokens.length : null,
  };
}

/** Words with the space behind them: what is stepped through where tokens are not known. A picture is one placeholder. */
const wordsOf = (text: string): string[] =>
  text.replaceAll(/(?:<\|image_pad\|>)+/g, "<|image_pad|>").match(/\s*\S+\s*|\s+/g) ?? [];

const callOpen = "<tool_call>";
const callClose = "</tool_call>";
/** A turn of a model has one or a few. */
const mostCalls = 64;

/** Calls in the text of a turn. Whether they were carried out shows in what came after: a picture, or a text. */
function callsIn({ source, text }: ForeignPiece, segment: number, next: ForeignPiece | undefined): ToolCall[] {
  if (source !== "model") return [];
  const calls: ToolCall[] = [];
  for (let at = text.indexOf(callOpen); at >= 0 && calls.length < mostCalls; at = text.indexOf(callOpen, at + 1)) {
    const end = text.indexOf(callClose, at);
    const written = text.slice(at + callOpen.length, end < 0 ? undefined : end);
    calls.push(callOf(written, segment, next));
  }
  return calls;
}

/**
 * Whether a tool's answer has a picture. verl's dumps leave special tokens out, pictures' among them: then an answer is empty, or
 * holds what zoom tools of verl's recipe, ours and DeepEyes' put beside a crop.
 */
function showsPicture(text: string): boolean {
  if (/<image>|<\|image_pad\|>|<\|vision_start\|>/.test(text)) return true;
  const inside = /<tool_response>(.*?)<\/tool_response>/s.exec(text)?.[1]?.trim();
  return inside !== undefined && (inside === "" || /^(?:Zoomed in on |Think first, call \*\*)/.test(inside));
}

function callOf(written: string, segment: number, next: ForeignPiece | undefined): ToolCall {
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    value = null;
  }
  if (typeof value !== "object" || value === null)
    return { segment, name: "unknown", outcome: "not_json", message: next?.text.slice(0, 500) ?? "" };
  const { name, arguments: given } = value as { name?: unknown; arguments?: unknown };
  const { bbox_2d: box, label } = (typeof given === "object" && given !== null ? given : {}) as Record<string, unknown>;
  const seen = next?.source === "tool" && showsPicture(next.text);
  return {
    segment,
    name: typeof name === "string" ? name.slice(0, 200) : "unknown",
    outcome: seen ? "ok" : next?.source === "tool" ? "answered" : "unanswered",
    ...(!seen && next?.source === "tool" && { message: next.text.slice(0, 500) }),
    ...(Array.isArray(box) && box.every((side) => typeof side === "number") && { boxWritten: box.slice(0, 1000) }),
    ...(typeof label === "string" && { label: label.slice(0, 500) }),
  };
}
