import { useState } from "preact/hooks";
import { download } from "../browser/download.ts";
import { usePage } from "../run/page_context.ts";
import { SaveDialog } from "../widgets/save_dialog.tsx";
import type { VerlDialogProps } from "./verl_button.tsx";

/** Rows unless another number is given: some 50 MB of scenes. */
const usualRows = 512;

/** What goes into an archive for verl. */
export function VerlDialog({ run, live, onClose }: VerlDialogProps) {
  const { control } = usePage();
  const [notes, setNotes] = useState<readonly string[]>([]);
  const [rows, setRows] = useState(String(usualRows));
  const count = Number(rows);
  const save = async (): Promise<boolean> => {
    if (live) await control.save();
    const { name, archive, notes } = await control.api.files.verl(run, count);
    download(`${name}.zip`, archive, "application/zip");
    setNotes(notes);
    return notes.length === 0;
  };
  return (
    <SaveDialog
      title="Export for training on verl and Ray"
      isReady={Number.isInteger(count) && count > 0}
      save={save}
      closing={notes.length > 0 ? "Close" : "Cancel"}
      onClose={onClose}
    >
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
    </SaveDialog>
  );
}
