import { useEffect, useId, useState } from "preact/hooks";
import type { ReadCommand } from "../../../interop/verl/command.ts";
import { setting } from "../labels/numbers.ts";
import { presetName } from "../labels/preset_name.ts";
import { usePage } from "../run/page_context.ts";
import { differences } from "../run/url_state.ts";
import { CopyButton } from "../widgets/copy_button.tsx";

/** Reads scripts too, and is a third as large as the page: fetched when the panel is opened. */
type Verl = typeof import("../../../interop/verl/command.ts");

/** Settings from a command that starts verl, and as one. */
export function VerlPanel() {
  const { store } = usePage();
  const [open, setOpen] = useState(false);
  const [verl, setVerl] = useState<Verl | null>(null);
  useEffect(() => {
    if (open && !verl)
      import("../../../interop/verl/command.ts").then(setVerl, (error: Error) =>
        store.notices.add(
          "error",
          `The reader of verl commands could not be fetched (${error.message}); reload the page`,
        ),
      );
  }, [open, verl, store]);
  const command = verl?.writeVerlCommand(store.config.value) ?? null;
  return (
    <details class="card" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b>verl command</b>
      </summary>
      {open && verl && command !== null && (
        <>
          <Paste verl={verl} />
          <h3>These settings as a verl command</h3>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
          <pre class="mono command" tabIndex={0}>
            {command}
          </pre>
          <p class="buttons after">
            <CopyButton text={command} label="Copy as verl command" />
          </p>
        </>
      )}
    </details>
  );
}

function Paste({ verl }: { verl: Verl }) {
  const id = useId();
  const [text, setText] = useState("");
  const [read, setRead] = useState<ReadCommand | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const understand = (): void => {
    setRead(null);
    setProblem(null);
    try {
      setRead(verl.readVerlCommand(text));
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <>
      <label for={id} class="small">
        Paste a verl command or script, what <code>bash -x</code> prints of it, or its{" "}
        <code>.hydra/overrides.yaml</code>
      </label>
      <textarea
        id={id}
        class="mono"
        rows={5}
        spellcheck={false}
        placeholder="python3 -m verl.trainer.main_ppo …"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <p class="buttons">
        <button type="button" disabled={text.trim() === ""} onClick={understand}>
          Read it
        </button>
      </p>
      {problem && (
        <p class="problem small" role="alert">
          {problem}
        </p>
      )}
      {read && (
        <Understood
          read={read}
          onUsed={() => {
            setRead(null);
            setText("");
          }}
        />
      )}
    </>
  );
}

/** What a command comes to; nothing is set before a press. */
function Understood({ read, onUsed }: { read: ReadCommand; onUsed(): void }) {
  const { store } = usePage();
  const { preset, changes, notes, refused } = read;
  const changed = Object.entries(changes);
  return (
    <div class="small after" role="status">
      <p>
        Preset <b>{presetName(preset)}</b>
        {changed.length > 0 && " with"}
      </p>
      {changed.length > 0 && (
        <table class="kv">
          <tbody>
            {changed.map(([name, value]) => (
              <tr key={name}>
                <td>{name}</td>
                <td>{typeof value === "number" ? setting(value) : String(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {refused.map((line) => (
        <p key={line} class="problem">
          {line}
        </p>
      ))}
      {notes.length > 0 && (
        <ul class="reasons after">
          {notes.map((line) => (
            <li key={line} class="soft">
              {line}
            </li>
          ))}
        </ul>
      )}
      <p class="buttons after">
        <button
          type="button"
          onClick={() => {
            store.changes.value = differences({ seed: store.config.peek().seed, ...changes, preset });
            onUsed();
          }}
        >
          {refused.length > 0 ? "Use the rest of these settings" : "Use these settings"}
        </button>
      </p>
    </div>
  );
}
