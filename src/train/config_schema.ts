import { worldNames } from "../tasks/worlds/table.ts";
import { checkKnob, contradictions, withDefaults } from "./config.ts";
import { knobs, type RunConfig } from "./knobs.ts";
import { most } from "./rollout_schema.ts";
import { Misfit, misfit, type Reader, record } from "./value_readers.ts";

/** Text in a configuration; paths and lists of them are shorter. */
const longestText = 100_000;

/** The knobs that a value sets. One that this version does not know, or a value that it does not take, is left out. */
const knobChanges =
  (may: (key: keyof RunConfig) => boolean, refusal: string): Reader<Partial<RunConfig>> =>
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
        if (!may(key as keyof RunConfig)) throw new Misfit(place, refusal, item);
        return [[key, checked(key, item, place)]];
      } catch (error) {
        leaveOut(misfit(error));
        return [];
      }
    });
    return Object.fromEntries(changes);
  };

/** A setting of another version, which is not damage. */
export class UnknownKnob extends Misfit {}

function checked(key: string, value: unknown, path: string): unknown {
  try {
    return checkKnob(key, value);
  } catch {
    const knob = knobs[key as keyof RunConfig];
    const expected =
      key === "worlds"
        ? `worlds out of ${worldNames.join(", ")}, each once`
        : knob.kind === "choice"
          ? `one of ${knob.choices.join(", ")}`
          : "min" in knob
            ? `${knob.min} to ${knob.max}`
            : "another value";
    throw new Misfit(path, expected, value);
  }
}

const all = knobChanges(() => true, "");

/** Without those that cannot hold together. */
export const wholeConfig: Reader<Partial<RunConfig>> = (value, path, leaveOut) => {
  const found = all(value, path, leaveOut);
  const whole = withDefaults(found);
  for (const [least, most] of contradictions(whole)) {
    leaveOut(new Misfit(`${path}.${most}`, `at least ${least} (${whole[least]})`, whole[most]));
    delete found[least];
    delete found[most];
  }
  return found;
};
/** Only these, so that a log cannot lead to addresses that its head does not name. */
export const changesMidway = knobChanges(
  (key) => knobs[key].applies === "next step",
  "no change, since it holds for the whole run",
);
