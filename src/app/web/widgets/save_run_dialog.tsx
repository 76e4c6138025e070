import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { PlaceKnob } from "../../run_file/settings_paths.ts";
import { shownBytes } from "../../text/shown_bytes.ts";
import type { RunContents } from "../../worker_api/run_files_api.ts";
import { download, fileName } from "../browser/download.ts";
import { count, counted } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";

const names: Record<PlaceKnob, string> = {
  data: "Its data, with the pictures",
  model: "The model it began with",
  adapter: "The adapter it began with",
};

/** What goes into the file of a run. */
export function SaveRunDialog({ run, onClose }: { run: string; onClose(): void }) {
  const { control } = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const [found, setFound] = useState<RunContents | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [checkpoint, setCheckpoint] = useState(true);
  const [taken, setTaken] = useState<readonly PlaceKnob[]>([]);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    dialog.current!.showModal();
    control.api.files.contents(run).then(setFound, (error: Error) => setProblem(error.message));
  }, []);
  const close = (): void => dialog.current?.close();
  const save = async (what: "run" | "pages"): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      const { files } = control.api;
      const archive = await (what === "run" ? files.pack(run, { checkpoint, travellers: taken }) : files.pages(run));
      download(`${fileName(run)}${what === "run" ? "" : "-pages"}.zip`, archive, "application/zip");
      close();
    } catch (error) {
      setProblem((error as Error).message);
    }
    setBusy(false);
  };
  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={onClose} class="save-run">
      <h2 id={title}>
        <b>Save the run as a file</b>
      </h2>
      <p>
        One zip archive of <b>{run}</b>. Another browser takes it by a drop; on the command line{" "}
        <code>saccade unpack FILE.zip --out DIR</code> makes the run’s folder of it. Keys are never part of a run.
      </p>
      {found === null && problem === null && (
        <p class="soft" role="status">
          Looking at what it holds…
        </p>
      )}
      {found && (
        <fieldset>
          <legend class="hidden">What goes along</legend>
          <p class="soft small">Settings and log are always in it ({shownBytes(found.logBytes)}, packed smaller).</p>
          <Choice
            label={
              found.checkpoint
                ? `Its checkpoint of step ${count(found.checkpoint.step)}, to go on from and to export`
                : "No checkpoint was saved: it cannot be gone on with elsewhere"
            }
            sizeBytes={found.checkpoint?.sizeBytes ?? null}
            checked={checkpoint && found.checkpoint !== null}
            onChange={setCheckpoint}
          />
          {found.travellers.map(({ knob, files, sizeBytes }) => (
            <Choice
              key={knob}
              label={`${names[knob]}, ${counted(files, "file")}`}
              sizeBytes={sizeBytes}
              checked={taken.includes(knob)}
              onChange={(on) => setTaken(on ? [...taken, knob] : taken.filter((one) => one !== knob))}
            />
          ))}
          {found.leftBehind.map(({ knob, why }) => (
            <p key={knob} class="soft small">
              {names[knob]} cannot go along: {why}.
            </p>
          ))}
          {found.travellers.length === 0 && found.leftBehind.length === 0 && (
            <p class="soft small">Its pictures and its model are to be had wherever it is opened.</p>
          )}
        </fieldset>
      )}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <p class="buttons">
        {found && (
          <>
            <button type="button" class="go" disabled={busy} onClick={() => void save("run")}>
              {busy ? "Packing…" : "Save"}
            </button>
            <button
              type="button"
              disabled={busy}
              title="Curves, numbers, settings, and rollouts of some steps with their pictures; they open in any browser, without a server and without script"
              onClick={() => void save("pages")}
            >
              Save as web pages to look at
            </button>
          </>
        )}
        <button type="button" onClick={close}>
          {found ? "Cancel" : "Close"}
        </button>
      </p>
    </dialog>
  );
}

interface ChoiceProps {
  label: string;
  /** Null where there is nothing to choose. */
  sizeBytes: number | null;
  checked: boolean;
  onChange(on: boolean): void;
}

function Choice({ label, sizeBytes, checked, onChange }: ChoiceProps) {
  return (
    <p>
      <label>
        <input
          type="checkbox"
          checked={checked}
          disabled={sizeBytes === null}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />{" "}
        {label}
        {sizeBytes !== null && <span class="soft"> ({shownBytes(sizeBytes)})</span>}
      </label>
    </p>
  );
}
