import { useId, useState } from "preact/hooks";
import { worlds } from "../../../tasks/worlds/table.ts";
import { usePage } from "../run/page_context.ts";

const namesIn = (worlds: string): string[] => worlds.split(",").map((name) => name.trim());

/** The worlds that tasks are of, each a check box; one at least stays. */
export function WorldsField() {
  const { store, control } = usePage();
  const id = useId();
  const [problem, setProblem] = useState<string | null>(null);
  const chosen = namesIn(store.config.value.worlds);
  const toggle = (name: string): void => {
    const wanted = worlds.map((world) => world.name).filter((one) => (one === name) !== chosen.includes(one));
    setProblem(
      wanted.length === 0 ? "Tasks must be of one world at least" : control.setKnob("worlds", wanted.join(",")),
    );
  };
  return (
    <fieldset class="worlds" data-part="worlds" aria-describedby={problem ? `${id}-problem` : undefined}>
      <legend>
        worlds: each task is of one, at random
        {store.pending.value.includes("worlds") && <span class="tag">new run</span>}
      </legend>
      {worlds.map(({ name, label, line }) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={chosen.includes(name)}
            onChange={({ currentTarget }) => {
              toggle(name);
              // A box that must stay as it is needs to be told so: the browser has changed it already.
              currentTarget.checked = namesIn(store.config.peek().worlds).includes(name);
            }}
            aria-labelledby={`${id}-${name}-label`}
            aria-describedby={`${id}-${name}`}
          />{" "}
          <span>
            <span id={`${id}-${name}-label`}>{label}</span>{" "}
            <span class={`soft small ${chosen.includes(name) ? "" : "hidden"}`} id={`${id}-${name}`}>
              {line}
            </span>
          </span>
        </label>
      ))}
      {problem && (
        <p class="problem small" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}
