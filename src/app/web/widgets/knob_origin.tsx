import { useEffect, useState } from "preact/hooks";
import { resolveConfig } from "../../../train/config.ts";
import { type KnobName, knobs, type RunConfig } from "../../../train/knobs.ts";
import { setting } from "../labels/numbers.ts";

type Names = typeof import("../../../interop/knob_names.ts");
let names: Names | null = null;

/** Names of others that a line has room for. */
const mostNames = 2;

/** Where a knob comes from: how verl and TRL call it, and what DeepEyes' own script sets it to. */
export function KnobOrigin({ knob }: { knob: KnobName }) {
  const [found, setFound] = useState(names);
  useEffect(() => {
    // Tables of other trainers' names: nobody needs them before they look at all settings.
    if (!found)
      import("../../../interop/knob_names.ts").then(
        (imported) => {
          names = imported;
          setFound(() => imported);
        },
        () => {},
      );
  }, [found]);
  if (!found) return null;
  const { verl, trl } = found.knobNames(knob);
  if (verl.length + trl.length === 0) return null;
  const deepeyes = resolveConfig({ preset: "deepeyes-7b" });
  return (
    <p class="soft small origin">
      {verl.length > 0 && <Named system="verl" names={verl} />}
      {trl.length > 0 && <Named system="TRL" names={trl} />}
      {knobs[knob].kind !== "text" && (
        <span>
          DeepEyes 7B: <code>{knobText(deepeyes, knob)}</code>
        </span>
      )}
    </p>
  );
}

function Named({ system, names }: { system: string; names: readonly string[] }) {
  const more = names.length - mostNames;
  return (
    <span title={names.join(", ")}>
      {system}: <code>{names.slice(0, mostNames).map(shortName).join(", ")}</code>
      {more > 0 && ` and ${more} more`}
    </span>
  );
}

/** Nearly all of verl's names begin with the same word; the whole name is the line's title. */
const shortName = (name: string): string => name.replace(/^actor_rollout_ref\./, "");

function knobText(config: RunConfig, knob: KnobName): string {
  const value = config[knob];
  return typeof value === "number" ? setting(value) : String(value);
}
