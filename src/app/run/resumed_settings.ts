import { checkKnob } from "../../train/config.ts";
import type { ChangeAtStep, TrainEvent } from "../../train/events.ts";
import { knobs, type RunConfig } from "../../train/knobs.ts";
import { fromFormat1 } from "./early_log.ts";

/** What a run goes on with: settings, and changes that come to them at later steps. */
export interface ResumedSettings {
  config: RunConfig;
  upcoming: ChangeAtStep[];
}

const changeable = (Object.keys(knobs) as (keyof RunConfig)[]).filter((key) => knobs[key].applies === "next step");

/**
 * The settings that a run had at its checkpoint, and what was changed after it at the step where it was: so that a run
 * whose settings were changed while it went on ends as if it had not been interrupted.
 *
 * @param latest  the run's settings as they were last
 * @param saved   step and settings of its checkpoint, null where there is none
 * @param log     whose end may be cut off, and may lack anything
 */
export function resumedSettings(
  latest: RunConfig,
  saved: { step: number; config: RunConfig } | null,
  log: string,
): ResumedSettings {
  const events = behind(eventsIn(log), saved?.step ?? 0);
  // A head behind the checkpoint: the run was resumed from there before, perhaps with other settings.
  const head = events.find((event) => event.type === "run");
  const savedStep = saved?.step ?? 0;
  const base = head?.config ?? saved?.config ?? latest;
  const config = { ...latest, ...only(base, changeable) };
  const logged = events.flatMap((event) =>
    event.type === "config" ? [{ step: event.step - 1, changes: event.changes }] : [],
  );
  const changedSteps = new Set(logged.map(({ step }) => step));
  const changes = [...(head?.upcoming ?? []).filter(({ step }) => !changedSteps.has(step)), ...logged]
    .map(({ step, changes }) => ({ step, changes: only(changes, changeable) }))
    .sort((a, b) => a.step - b.step);
  const last = Object.assign({}, config, ...changes.map((change) => change.changes)) as RunConfig;
  // Changed last, and not in the log yet: it would have come at the next step.
  const untold = changeable.filter((key) => last[key] !== latest[key]);
  const made = events.findLast((event) => event.type === "update")?.step ?? savedStep;
  if (untold.length > 0)
    changes.push({ step: Math.max(made, changes.at(-1)?.step ?? 0), changes: only(latest, untold) });
  const upcoming: ChangeAtStep[] = [];
  for (const change of changes)
    if (change.step <= savedStep) Object.assign(config, change.changes);
    else upcoming.push(change);
  return { config, upcoming };
}

/** What came after a checkpoint; nothing where the log ends before it. */
function behind(events: readonly TrainEvent[], savedStep: number): readonly TrainEvent[] {
  if (savedStep === 0) return events;
  const last = (type: TrainEvent["type"]) =>
    events.findLastIndex((event) => event.type === type && "step" in event && event.step === savedStep);
  const saved = last("checkpoint");
  // The process died between writing the checkpoint and saying so.
  const end = saved < 0 ? last("update") : saved;
  return end < 0 ? [] : events.slice(end + 1);
}

/** What of a log says something of settings, in format 2. */
function eventsIn(log: string): TrainEvent[] {
  let format = 2;
  return log.split("\n").flatMap((line) => {
    const [event] = parsed(line);
    if (event?.type === "run") ({ format } = event);
    return event ? [format === 2 ? event : fromFormat1(event)] : [];
  });
}

function parsed(line: string): TrainEvent[] {
  if (!/^\{"type":"(run|config|update|checkpoint)"/.test(line)) return [];
  try {
    return [JSON.parse(line) as TrainEvent];
  } catch {
    // Cut off while it was written: it has not been reported.
    return [];
  }
}

/** Some knobs of a configuration, as far as it has them and they can be used. */
function only(config: Partial<RunConfig>, keys: readonly (keyof RunConfig)[]): Partial<RunConfig> {
  return Object.fromEntries(
    keys.filter((key) => config[key] !== undefined).map((key) => [key, checkKnob(key, config[key])]),
  );
}
