import { useId, useState } from "preact/hooks";
import { type ReadCommand, readVerlCommand, writeVerlCommand } from "../../train/verl_command.ts";
import { CopyButton } from "./copy_button.tsx";
import { setting } from "./numbers.ts";
import { usePage } from "./page_context.ts";
import { presetName } from "./preset_name.ts";
import { differences } from "./url_state.ts";

/** Settings from a command that starts verl, and as one. */
export function VerlPanel() {
  const { store } = usePage();
  const [open, setOpen] = useState(false);
  return (
    <details class="card" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b>verl command</b>
      </summary>
      {open && (
        <>
          <Paste />
          <h3>These settings as a verl command</h3>
          <pre class="mono command">{writeVerlCommand(store.config.value)}</pre>
          <p class="buttons after">
            <CopyButton text={writeVerlCommand(store.config.value)} label="Copy as verl command" />
          </p>
        </>
      )}
    </details>
  );
}

function Paste() {
  const id = useId();
  const [text, setText] = useState("");
  const [read, setRead] = useState<ReadCommand | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const understand = (): void => {
    setRead(null);
    setProblem(null);
    try {
      setRead(readVerlCommand(text));
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
