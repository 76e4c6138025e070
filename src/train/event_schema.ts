import type { Rollout } from "../agent/rollout.ts";
import type { FilePrint, Fingerprint } from "../tasks/fingerprint.ts";
import { withDefaults } from "./config.ts";
import { changesMidway, wholeConfig } from "./config_schema.ts";
import type { ChangeAtStep, ModelFacts, TrainEvent } from "./events.ts";
import { mostTags, type RolloutMark } from "./rollout_mark.ts";
import { index, most, rollout, step, task, view } from "./rollout_schema.ts";
import {
  choice,
  flag,
  type LeaveOut,
  list,
  listOfFitting,
  Misfit,
  measured,
  object,
  type Reader,
  readable,
  record,
  text,
  whole,
} from "./value_readers.ts";

/*
 * What an untrusted event must look like: of a file from elsewhere, a log that was edited or written by another
 * version. A field that is needed to show or judge an event costs the event, or the rollout, where it is wrong;
 * an optional one costs only itself. Every part that is left out is reported.
 */

const durationMs = measured;

const model = object<ModelFacts>({ name: readable(text), parameters: measured }, { view });

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

const mark = object<RolloutMark>(
  { rollout: text, note: text, tags: list(text, mostTags), judgeWrong: flag, madeAt: readable(text) },
  {},
);

const kind = <K extends Kind>(name: K): Reader<K> => choice<K>(name);

const rollouts = listOfFitting(rollout, most.rollouts);

/** Rollouts of a task. One that continues another names it, within the group and within what that one wrote. */
const group: Reader<Rollout[]> = (value, path, leaveOut) => {
  const found = rollouts(value, path, leaveOut);
  const sampled = new Map(found.flatMap((one) => (one.continues ? [] : [[one.id, one] as const])));
  for (const [i, one] of found.entries()) {
    if (!one.continues) continue;
    const { rollout: id, token } = one.continues;
    const place = `${path}[${i}].continues`;
    const continued = sampled.get(id);
    const length = continued?.segments.reduce((sum, { tokens }) => sum + tokens.length, 0) ?? 0;
    if (continued && token <= length) continue;
    leaveOut(
      continued
        ? new Misfit(`${place}.token`, `a whole number from 0 to ${length}`, token)
        : new Misfit(`${place}.rollout`, "one of the group that continues none itself", id),
    );
    delete one.continues;
  }
  return found;
};

const readers: Readers = {
  run: object<EventOf<"run">>(
    {
      type: kind("run"),
      format: choice<2>(2),
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
    { type: kind("decode"), step, turn: index, tokens: whole(0, most.step), waiting: index, done: index },
    { again: choice<true>(true) },
  ),
  group: object<EventOf<"group">>({ type: kind("group"), step, taskIndex: index, rollouts: group }, {}),
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
  mark: object<EventOf<"mark">>({ type: kind("mark"), step, mark }, {}),
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
 * @throws Misfit where it is not an event, or lacks what it cannot do without
 */
export function readEvent(value: unknown, leaveOut: LeaveOut): TrainEvent | null {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Misfit("", "an event, an object with a type", value);
  const type: unknown = Object.hasOwn(value, "type") ? (value as { type: unknown }).type : undefined;
  if (typeof type !== "string") throw new Misfit("type", "text", type);
  if (!Object.hasOwn(readers, type)) return null;
  return readers[type as Kind](value, "", leaveOut);
}
