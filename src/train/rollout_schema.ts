import type {
  CallProbe,
  End,
  Judged,
  JudgeWords,
  ResponseText,
  Reward,
  Rollout,
  Segment,
  Source,
  ToolCall,
} from "../agent/rollout.ts";
import type { Box } from "../image/pixels.ts";
import type { SizeLimits } from "../image/smart_resize.ts";
import type { Task } from "../tasks/task.ts";
import {
  choice,
  finite,
  flag,
  list,
  Misfit,
  measured,
  nullable,
  numbers,
  object,
  type Reader,
  readable,
  record,
  text,
  whole,
} from "./value_readers.ts";

/** More than any run makes; the memory taken per step, token or call must not be for a file to choose. */
export const most = {
  step: 1_000_000_000,
  index: 1_000_000,
  tasks: 65_536,
  rollouts: 4_096,
  segments: 10_000,
  tokens: 4_000_000,
  tokenId: 2 ** 31 - 1,
  calls: 10_000,
  pictures: 10_000,
  names: 10_000,
  sidePx: 1_000_000,
  /** Of a model input; no preprocessor in use asks for more than 16,777,216. */
  modelInputPixels: 2 ** 25,
};

export const end = choice<End>("answer", "malformed", "length", "turns", "error");
export const step = whole(0, most.step);
export const index = whole(0, most.index);

const boxNumbers = numbers(finite, Number.isFinite, 4);
const box: Reader<Box> = (value, path, leaveOut) => {
  if (!Array.isArray(value) || value.length !== 4) throw new Misfit(path, "four numbers", value);
  return boxNumbers(value, path, leaveOut) as Box;
};

export const task = object<Task>(
  {
    id: text,
    source: readable(text),
    question: readable(text),
    answer: readable(text),
    imageSizesPx: list(
      object<{ width: number; height: number }>({ width: whole(0, most.sidePx), height: whole(0, most.sidePx) }, {}),
      most.pictures,
    ),
  },
  {
    goldBoxSourcePx: box,
    dataSource: text,
    messages: list(object<{ role: string; content: string }>({ role: text, content: text }, {}), most.pictures),
    tools: flag,
    columns: record<unknown>((value) => value, most.names),
  },
);

/** What only branches have (agent/branch.ts): no log holds them. */
const ofBranches: Reader<never> = (value, path) => {
  throw new Misfit(path, "nothing: rollouts of a log were not changed by a person", value);
};

/** [text, log-probability] */
const alternative: Reader<[string, number]> = (value, path, leaveOut) => {
  if (!Array.isArray(value) || value.length !== 2) throw new Misfit(path, "[text, log-probability]", value);
  return [text(value[0], `${path}[0]`, leaveOut), finite(value[1], `${path}[1]`, leaveOut)];
};

const segment = object<Segment>(
  {
    source: choice<Source>("prompt", "model", "tool"),
    tokens: numbers(whole(0, most.tokenId), (id) => id >= 0 && id <= most.tokenId && Number.isInteger(id), most.tokens),
    logprobs: numbers(measured, Number.isFinite, most.tokens),
    entropies: numbers(measured, Number.isFinite, most.tokens),
    images: numbers(index, (at) => at >= 0 && at <= most.index && Number.isInteger(at), most.pictures),
  },
  {
    given: ofBranches,
    texts: list(text, most.tokens),
    tokenCount: nullable(whole(0, most.tokens)),
    alternatives: list(list(alternative, most.names), most.tokens),
  },
);

/** A product of rounded probabilities may lie above 1 by as much as rounding is. */
const probability: Reader<number> = (value, path) => {
  if (typeof value !== "number" || !(value >= 0 && value <= 1.001))
    throw new Misfit(path, "a probability, 0 to 1", value);
  return value;
};

const call = object<ToolCall>(
  {
    segment: index,
    name: readable(text),
    outcome: readable(text),
  },
  {
    message: text,
    boxWritten: numbers(finite, Number.isFinite, 1000),
    boxSourcePx: box,
    boxShownPx: box,
    rotateDegrees: finite,
    imageIndex: index,
    label: text,
    iou: measured,
    legible: flag,
    probe: object<CallProbe>({ from: index, before: probability, after: probability }, {}),
    details: record<unknown>((value) => value, most.names),
    pictureKept: choice<false>(false),
    replaced: ofBranches,
  },
);

const reward = object<Reward>(
  { parts: record(measured, most.names), total: measured, right: flag, verdict: readable(text) },
  {
    texts: list(text, most.tokens),
    tokenCount: nullable(whole(0, most.tokens)),
    alternatives: list(list(alternative, most.names), most.tokens),
  },
);

/** Runs of a special token: [at, token, times]. */
const specialToken: Reader<[number, string, number]> = (value, path, leaveOut) => {
  if (!Array.isArray(value) || value.length !== 3) throw new Misfit(path, "[place, token, times]", value);
  return [
    whole(0, most.tokens)(value[0], `${path}[0]`, leaveOut),
    text(value[1], `${path}[1]`, leaveOut),
    whole(1, most.tokens)(value[2], `${path}[2]`, leaveOut),
  ];
};

const response = object<ResponseText>({ plain: text }, { special: list(specialToken, most.tokens), whole: text });

const words = object<JudgeWords>(
  { model: readable(text), prompt: readable(text), reply: readable(nullable(text)) },
  { latencyMs: measured },
);

const vote = object<{ model: string; right: boolean | null }>({ model: readable(text), right: nullable(flag) }, {});

const judged = object<Judged>(
  {
    verdict: nullable(
      object<NonNullable<Judged["verdict"]>>({ right: flag, rule: text }, { votes: list(vote, most.names) }),
    ),
  },
  { consistent: nullable(flag), words },
);

/** How large a model is shown pictures. */
export const view: Reader<SizeLimits> = (value, path, leaveOut) => {
  const found = object<SizeLimits>(
    {
      factor: whole(1, 4096),
      minPixels: whole(1, most.modelInputPixels),
      maxPixels: whole(1, most.modelInputPixels),
    },
    {},
  )(value, path, leaveOut);
  if (found.minPixels > found.maxPixels) throw new Misfit(`${path}.minPixels`, "at most maxPixels", found.minPixels);
  return found;
};

const elsewhere = object<NonNullable<Rollout["elsewhere"]>>(
  { model: readable(text) },
  { view, graphs: choice<true>(true) },
);

const continues = object<NonNullable<Rollout["continues"]>>({ rollout: text, token: whole(0, most.tokens) }, {});

export const rollout = object<Rollout>(
  {
    id: text,
    step,
    taskIndex: index,
    rolloutIndex: index,
    task: text,
    segments: list(segment, most.segments),
    calls: list(call, most.calls),
    end,
    answer: readable(nullable(text)),
    reward: nullable(reward),
    advantage: nullable(finite),
  },
  {
    error: text,
    unjudged: text,
    elsewhere,
    response,
    judged,
    continues,
    continuedAt: whole(0, most.tokens),
  },
);
