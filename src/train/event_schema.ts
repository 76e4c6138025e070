import type { End, Judged, ResponseText, Reward, Rollout, Segment, Source, ToolCall } from "../agent/rollout.ts";
import type { Box } from "../image/pixels.ts";
import type { SizeLimits } from "../image/smart_resize.ts";
import type { FilePrint, Fingerprint } from "../tasks/fingerprint.ts";
import type { Task } from "../tasks/task.ts";
import { checkKnob, withDefaults } from "./config.ts";
import type { ChangeAtStep, ModelFacts, TrainEvent } from "./events.ts";
import { knobs, type RunConfig } from "./knobs.ts";
import {
  choice,
  finite,
  flag,
  type LeaveOut,
  list,
  listOfFitting,
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

/*
 * What an event must look like that comes from outside: a file that somebody sent, a log that was edited or written by
 * another version. A field that is needed to show or judge an event costs the event, or the rollout, where it is wrong;
 * one that can be missed costs itself. Every part that is left out is told.
 */

/** More than any run makes; what is kept per step, token or call must not be for a file to choose. */
const most = {
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
  /** A picture as a model sees it; no preprocessor in use asks for more than 16,777,216. */
  shownPixels: 2 ** 25,
};

const end = choice<End>("answer", "malformed", "length", "turns", "error");
const step = whole(0, most.step);
const index = whole(0, most.index);
const durationMs = measured;

const boxNumbers = numbers(finite, Number.isFinite, 4);
const box: Reader<Box> = (value, path, leaveOut) => {
  if (!Array.isArray(value) || value.length !== 4) throw new Misfit(path, "four numbers", value);
  return boxNumbers(value, path, leaveOut) as Box;
};

const task = object<Task>(
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

const segment = object<Segment>(
  {
    source: choice<Source>("prompt", "model", "tool"),
    tokens: numbers(whole(0, most.tokenId), (id) => id >= 0 && id <= most.tokenId && Number.isInteger(id), most.tokens),
    logprobs: numbers(measured, Number.isFinite, most.tokens),
    entropies: numbers(measured, Number.isFinite, most.tokens),
    images: numbers(index, (at) => at >= 0 && at <= most.index && Number.isInteger(at), most.pictures),
  },
  {},
);

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
    details: record<unknown>((value) => value, most.names),
    pictureKept: choice<false>(false),
  },
);

const reward = object<Reward>(
  { parts: record(measured, most.names), total: measured, right: flag, verdict: readable(text) },
  {},
);

/** Where so many of a special token stand: [at, token, times]. */
const specialToken: Reader<[number, string, number]> = (value, path, leaveOut) => {
  if (!Array.isArray(value) || value.length !== 3) throw new Misfit(path, "[place, token, times]", value);
  return [
    whole(0, most.tokens)(value[0], `${path}[0]`, leaveOut),
    text(value[1], `${path}[1]`, leaveOut),
    whole(1, most.tokens)(value[2], `${path}[2]`, leaveOut),
  ];
};

const response = object<ResponseText>({ plain: text }, { special: list(specialToken, most.tokens), whole: text });

const judged = object<Judged>(
  { verdict: nullable(object<{ right: boolean; rule: string }>({ right: flag, rule: text }, {})) },
  { consistent: nullable(flag) },
);

const rollout = object<Rollout>(
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
  { error: text, unjudged: text, response, judged },
);

const view: Reader<SizeLimits> = (value, path, leaveOut) => {
  const found = object<SizeLimits>(
    {
      factor: whole(1, 4096),
      minPixels: whole(1, most.shownPixels),
      maxPixels: whole(1, most.shownPixels),
    },
    {},
  )(value, path, leaveOut);
  if (found.minPixels > found.maxPixels) throw new Misfit(`${path}.minPixels`, "at most maxPixels", found.minPixels);
  return found;
};

const model = object<ModelFacts>({ name: readable(text), parameters: measured }, { view });

/** Text in a configuration; paths and lists of them are shorter. */
const longestText = 100_000;

/** The knobs that a value sets. One that this version does not know, or a value that it does not take, is left out. */
const knobChanges =
  (may: (key: keyof RunConfig) => boolean, may_not: string): Reader<Partial<RunConfig>> =>
  (value, path, leaveOut) => {
    const given = record<unknown>((item) => item, most.names)(value, path, leaveOut);
    const changes = Object.entries(given).flatMap(([key, item]): [string, unknown][] => {
      const place = `${path}.${key.slice(0, 60)}`;
      try {
        if (!Object.hasOwn(knobs, key)) throw new UnknownKnob(place, "a setting that this version knows", item);
        const { kind } = knobs[key as keyof RunConfig];
        const type = kind === "boolean" ? "boolean" : kind === "number" || kind === "integer" ? "number" : "string";
        if (typeof item !== type) throw new Misfit(place, type === "string" ? "text" : `a ${type}`, item);
        if (typeof item === "string" && item.length > longestText)
          throw new Misfit(place, `at most ${longestText} characters`, `${item.length}`);
        if (!may(key as keyof RunConfig)) throw new Misfit(place, may_not, item);
        return [[key, checked(key, item, place)]];
      } catch (error) {
        leaveOut(error as Misfit);
        return [];
      }
    });
    return Object.fromEntries(changes);
  };

/** A setting of another version: nothing is wrong with it. */
export class UnknownKnob extends Misfit {}

function checked(key: string, value: unknown, path: string): unknown {
  try {
    return checkKnob(key, value);
  } catch {
    const knob = knobs[key as keyof RunConfig];
    const expected =
      knob.kind === "choice"
        ? `one of ${knob.choices.join(", ")}`
        : "min" in knob
          ? `${knob.min} to ${knob.max}`
          : "another value";
    throw new Misfit(path, expected, value);
  }
}

const wholeConfig = knobChanges(() => true, "");
/** Before a run could be said to have other settings midway, a log could lead to addresses that its head did not name. */
const changesMidway = knobChanges(
  (key) => knobs[key].applies === "next step",
  "no change, since it holds for the whole run",
);

type Kind = TrainEvent["type"];
type EventOf<K extends Kind> = Extract<TrainEvent, { type: K }>;
type Readers = { [K in Kind]: Reader<EventOf<K>> };

const filePrint = object<FilePrint>({ name: text, sizeBytes: measured, hash: text }, {});

const fingerprint = object<Fingerprint>(
  {
    knob: choice<Fingerprint["knob"]>("data", "model", "adapter", "reward", "tools"),
    part: choice<Fingerprint["part"]>("rows", "settings", "weights", "code"),
    path: readable(text),
    files: index,
    sizeBytes: measured,
    hash: text,
    covers: choice<Fingerprint["covers"]>("all bytes", "samples"),
    listed: list(filePrint, most.names),
  },
  {},
);

const kind = <K extends Kind>(name: K): Reader<K> => choice<K>(name);

const readers: Readers = {
  run: object<EventOf<"run">>(
    {
      type: kind("run"),
      format: choice<1>(1),
      config: (value, path, leaveOut) => withDefaults(wholeConfig(value, path, leaveOut)),
      model,
      adapter: readable(text),
      resumedAt: step,
      startedAt: readable(text),
    },
    {
      sources: list(fingerprint, most.names),
      upcoming: list(object<ChangeAtStep>({ step, changes: changesMidway }, {}), most.names),
    },
  ),
  config: object<EventOf<"config">>({ type: kind("config"), step, changes: changesMidway }, {}),
  tasks: object<EventOf<"tasks">>(
    { type: kind("tasks"), step, tasks: list(task, most.tasks) },
    { more: choice<true>(true) },
  ),
  decode: object<EventOf<"decode">>(
    { type: kind("decode"), step, turn: index, tokens: whole(0, most.step), waiting: index },
    {},
  ),
  rolled: object<EventOf<"rolled">>(
    {
      type: kind("rolled"),
      step,
      rollout: text,
      end,
    },
    {},
  ),
  group: object<EventOf<"group">>(
    { type: kind("group"), step, taskIndex: index, rollouts: listOfFitting(rollout, most.rollouts) },
    {},
  ),
  update: object<EventOf<"update">>(
    {
      type: kind("update"),
      step,
      metrics: record(measured, most.names),
      durationMs,
      rollMs: durationMs,
      updateMs: durationMs,
    },
    { peakMemoryBytes: measured },
  ),
  eval: object<EventOf<"eval">>(
    { type: kind("eval"), step, tasks: index, greedy: flag, metrics: record(measured, most.names), durationMs },
    {},
  ),
  checkpoint: object<EventOf<"checkpoint">>({ type: kind("checkpoint"), step, path: readable(text) }, {}),
  alarm: object<EventOf<"alarm">>(
    { type: kind("alarm"), step, message: readable(text) },
    { about: choice<"storage">("storage") },
  ),
  end: object<EventOf<"end">>(
    { type: kind("end"), step, reason: choice<"done" | "stopped" | "failed">("done", "stopped", "failed") },
    { message: text },
  ),
};

/**
 * A parsed line of a log as an event; null for a kind that this version does not know, as a later one may write.
 * @throws Misfit where it is no event, or lacks what it cannot do without
 */
export function readEvent(value: unknown, leaveOut: LeaveOut): TrainEvent | null {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Misfit("", "an event, an object with a type", value);
  const type: unknown = Object.hasOwn(value, "type") ? (value as { type: unknown }).type : undefined;
  if (typeof type !== "string") throw new Misfit("type", "text", type);
  if (!Object.hasOwn(readers, type)) return null;
  return readers[type as Kind](value, "", leaveOut);
}
