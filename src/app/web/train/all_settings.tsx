import { useId, useState } from "preact/hooks";
import { beginningOf } from "../../../train/config.ts";
import type { KnobGroup } from "../../../train/knob_kinds.ts";
import { type KnobName, knobs } from "../../../train/knobs.ts";
import { usePage } from "../run/page_context.ts";
import { KnobField, knobLabel } from "../widgets/knob_field.tsx";
import { WorldsField } from "../widgets/worlds_field.tsx";

/** Groups of knobs and what people read for them, in the order of a run. The warm-up has a panel of its own. */
const groups: readonly [Exclude<KnobGroup, "warmup">, string][] = [
  ["run", "Run and model"],
  ["adapter", "Trained weights and LoRA"],
  ["tasks", "Tasks and data"],
  ["rollouts", "Rollouts, prompt and tools"],
  ["reward", "Reward"],
  ["judge", "Judge"],
  ["grpo", "GRPO and optimizer"],
  ["bookkeeping", "Evaluation and checkpoints"],
];

/** The preset has its own field. */
const keysOf = (group: KnobGroup): KnobName[] =>
  (Object.keys(knobs) as KnobName[]).filter((key) => knobs[key].group === group && key !== "preset");

/** Every knob with its line, by group, and by a word of its name or line. */
export function AllSettings() {
  const id = useId();
  const [wanted, setWanted] = useState("");
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (key: KnobName): boolean => {
    const text = `${key} ${knobLabel(key)} ${knobs[key].line}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const found = words.length === 0 ? null : groups.flatMap(([group]) => keysOf(group)).filter(matches);
  return (
    <details class="card all">
      <summary>
        <b>All settings</b>
      </summary>
      <div class="row wide">
        <label for={id} class="hidden">
          Find a setting
        </label>
        <input
          id={id}
          type="search"
          class="text"
          placeholder="Find a setting"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      </div>
      {found ? (
        <section aria-label="Settings found">
          <p class="soft small" role="status">
            {found.length === 0
              ? "No setting has that word."
              : found.length === 1
                ? "1 setting"
                : `${found.length} settings`}
          </p>
          {found.map((key) => (
            <Setting key={key} knob={key} />
          ))}
        </section>
      ) : (
        groups.map(([group, title]) => <Group key={group} group={group} title={title} />)
      )}
    </details>
  );
}

/** Names of worlds are ticked, not typed. */
const Setting = ({ knob }: { knob: KnobName }) =>
  knob === "worlds" ? <WorldsField /> : <KnobField knob={knob} explain />;

function Group({ group, title }: { group: KnobGroup; title: string }) {
  const { store } = usePage();
  const [open, setOpen] = useState(false);
  const keys = keysOf(group);
  const config = store.config.value;
  const preset = beginningOf(config);
  const changed = keys.filter((key) => key !== "seed" && config[key] !== preset[key]).length;
  return (
    <details class="group-of-settings" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {title}
        {changed > 0 && <span class="tag">{changed} changed</span>}
      </summary>
      {open && keys.map((key) => <Setting key={key} knob={key} />)}
    </details>
  );
}
