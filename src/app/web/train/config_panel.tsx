import { useEffect, useState } from "preact/hooks";
import { resolveConfig } from "../../../train/config.ts";
import { download } from "../browser/download.ts";
import { setting } from "../labels/numbers.ts";
import { presetName } from "../labels/preset_name.ts";
import { usePage } from "../run/page_context.ts";
import { differences } from "../run/url_state.ts";
import { FileChooser } from "../widgets/file_chooser.tsx";

/** Settings from a run's config.json, and as one: the command line reads the same by --config. */
export function ConfigPanel() {
  const { store, givenFiles } = usePage();
  const given = givenFiles.config.value;
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (given) setOpen(true);
  }, [given]);
  return (
    <details class="card" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b>Settings as a file</b>
      </summary>
      {open && (
        <>
          <p class="small">
            A run’s <code>config.json</code>, of this page or the command line, which takes it by{" "}
            <code>--config FILE</code>.
          </p>
          <p class="buttons">
            <FileChooser
              label="Read a config.json…"
              one
              accept=".json,application/json"
              onFiles={([first]) => first && void givenFiles.takeConfig(first.file)}
            />
            <button
              type="button"
              onClick={() =>
                download("config.json", `${JSON.stringify(store.config.peek(), null, 2)}\n`, "application/json")
              }
            >
              Save these settings
            </button>
          </p>
          {given && <Given />}
        </>
      )}
    </details>
  );
}

/** What a file says; nothing is set before a press. */
function Given() {
  const { store, givenFiles } = usePage();
  const { name, changes, problem } = givenFiles.config.value!;
  if (problem !== undefined)
    return (
      <p class="problem small" role="alert">
        {problem}
      </p>
    );
  const wanted = differences({ ...changes, preset: resolveConfig(changes).preset });
  const changed = Object.entries(wanted).filter(([key]) => key !== "preset");
  return (
    <div class="small after" role="status">
      <p>
        {name}: preset <b>{presetName(wanted.preset ?? "needle")}</b>
        {changed.length > 0 && " with"}
      </p>
      {changed.length > 0 && (
        <table class="kv">
          <tbody>
            {changed.map(([key, value]) => (
              <tr key={key}>
                <td>{key}</td>
                <td>{typeof value === "number" ? setting(value) : String(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="buttons after">
        <button
          type="button"
          onClick={() => {
            store.changes.value = { seed: store.config.peek().seed, ...wanted };
            givenFiles.config.value = null;
          }}
        >
          Use these settings
        </button>
      </p>
    </div>
  );
}
