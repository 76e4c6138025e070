import { useEffect, useId, useRef, useState } from "preact/hooks";
import { download } from "../browser/download.ts";
import { usePage } from "../run/page_context.ts";
import type { VerlDialogProps } from "./verl_button.tsx";

/** Rows unless another number is given: some 50 MB of scenes. */
const usualRows = 512;

/** What goes into an archive for verl. */
export function VerlDialog({ run, live, onClose }: VerlDialogProps) {
  const { control } = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const [problem, setProblem] = useState<string | null>(null);
  const [notes, setNotes] = useState<readonly string[]>([]);
  const [rows, setRows] = useState(String(usualRows));
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current!.showModal(), []);
  const close = (): void => dialog.current?.close();
  const count = Number(rows);
  const isCount = Number.isInteger(count) && count > 0;
  const save = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      if (live) await control.save();
      const { name, archive, notes } = await control.api.files.verl(run, count);
      download(`${name}.zip`, archive, "application/zip");
      if (notes.length === 0) close();
      else setNotes(notes);
    } catch (error) {
      setProblem((error as Error).message);
    }
    setBusy(false);
  };
  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={onClose} class="save-run">
      <h2 id={title}>
        <b>Export for training on verl and Ray</b>
      </h2>
      <p>
        A folder of <b>{run}</b> for verl 0.9.1, as one zip archive: rows with their pictures, tools, reward and
        settings, the checkpoint, <code>run.sh</code>, and a <code>check.py</code> that plays rollouts of this run
        through verl without a GPU.{" "}
        {live ? "The run is saved first, and goes on." : "The weights are those of its checkpoint."}
      </p>
      <p>
        <label>
          Rows to train on, at most:{" "}
          <input
            type="number"
            min={1}
            step={1}
            value={rows}
            onInput={({ currentTarget: { value } }) => setRows(value)}
          />
        </label>
      </p>
      {notes.map((note) => (
        <p key={note} class="soft small" role="status">
          {note}
        </p>
      ))}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <p class="buttons">
        <button type="button" class="go" disabled={busy || !isCount} onClick={() => void save()}>
          {busy ? "Writing…" : "Save"}
        </button>
        <button type="button" onClick={close}>
          {notes.length > 0 ? "Close" : "Cancel"}
        </button>
      </p>
    </dialog>
  );
}
