import { useEffect, useId, useRef, useState } from "preact/hooks";
import { shownBytes } from "../../text/shown_bytes.ts";
import type { ExportedModel } from "../../worker_api/run_api.ts";
import { download, fileName } from "../browser/download.ts";
import { count, counted } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import type { Store } from "../run/store.ts";
import { SaveRunButton } from "../widgets/save_run.tsx";
import { OnnxButton } from "./onnx_button.tsx";
import { VerlButton } from "./verl_button.tsx";

/** Whose weights are exported where this is shown: a stored run's, those of the live run (null), or why there are none. */
function shownWeights(store: Store): { run: string | null } | { none: string } {
  const replay = store.replay.value;
  if (replay?.origin === "stored") return { run: replay.name };
  if (replay?.origin === "recording") return { none: "A recording comes without weights: there is nothing to export." };
  if (replay)
    return {
      none: "A log comes without weights. In the run's folder: npm run saccade -- export --from FOLDER --out NEW",
    };
  if (store.interrupted.value) return { run: store.interrupted.value.name };
  const { head, checkpointStep, step } = store.live.value;
  if (head === null) return { none: "Nothing is trained yet: start a run, or open a stored one from Runs." };
  // Other settings may have opened another model since it ended.
  return { run: store.player.value === "over" && checkpointStep === step ? store.storedAs.value : null };
}

/** Saves the weights of the run that is shown, once a dialog has said whose they are and after which step. */
export function ExportButton() {
  const { store } = usePage();
  const [asked, setAsked] = useState<{ run: string | null } | null>(null);
  const shown = shownWeights(store);
  const why = useId();
  const replay = store.replay.value;
  const stored = replay ? (replay.origin === "stored" ? replay.name : null) : store.storedAs.value;
  return (
    <div>
      <div class="buttons">
        <button
          type="button"
          aria-describedby={"none" in shown ? why : undefined}
          disabled={"none" in shown || store.busy.value !== null || store.warmup.value.running}
          onClick={() => "run" in shown && setAsked(shown)}
        >
          Export the model…
        </button>
        {stored !== null && "run" in shown && <OnnxButton run={stored} live={shown.run === null} />}
        {stored !== null && "run" in shown && <VerlButton run={stored} live={shown.run === null} />}
        {stored !== null && <SaveRunButton run={stored} />}
      </div>
      {"none" in shown && (
        <p id={why} class="soft small">
          {shown.none}
        </p>
      )}
      {asked && <ExportDialog run={asked.run} onClose={() => setAsked(null)} />}
    </div>
  );
}

function ExportDialog({ run, onClose }: { run: string | null; onClose(): void }) {
  const { control } = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const [found, setFound] = useState<ExportedModel | { problem: string } | null>(null);
  useEffect(() => {
    dialog.current!.showModal();
    control.api.exportModel(run).then(setFound, (error: Error) => setFound({ problem: error.message }));
  }, []);
  const close = (): void => dialog.current?.close();
  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={onClose}>
      <h2 id={title}>
        <b>Export the model</b>
      </h2>
      {found === null ? (
        <p class="soft" role="status">
          {run === null ? "Reading the weights, once the event under way has happened…" : "Reading the checkpoint…"}
        </p>
      ) : "problem" in found ? (
        <p role="alert">{found.problem}</p>
      ) : (
        <Found found={found} live={run === null} />
      )}
      <p class="buttons">
        {found !== null && "files" in found && (
          <button type="button" class="go" onClick={() => void save(found).then(close)}>
            Save
          </button>
        )}
        <button type="button" onClick={close}>
          {found !== null && "problem" in found ? "Close" : "Cancel"}
        </button>
      </p>
    </dialog>
  );
}

function Found({ found, live }: { found: ExportedModel; live: boolean }) {
  const { run, step, files } = found;
  const isAdapter = files.some(({ name }) => name === "adapter_config.json");
  const size = files.reduce((sum, file) => sum + file.bytes.length, 0);
  return (
    <>
      <p>
        {isAdapter ? "The adapter" : "The weights"} of the run <b>{run}</b> after <b>step {count(step)}</b>,{" "}
        {live ? "as they are now." : "from its checkpoint."}
      </p>
      <p class="soft small">
        <span class="mono">{archiveName(found)}.zip</span>: {counted(files.length, "file")}, {shownBytes(size)}, as{" "}
        {isAdapter ? "PEFT" : "transformers"} loads them.
      </p>
    </>
  );
}

const archiveName = ({ run, step }: ExportedModel): string => `${fileName(run)}-step-${step}`;

/** One archive with one folder: files by these names would otherwise lie among those of other exports. */
async function save(found: ExportedModel): Promise<void> {
  const { downloadZip } = await import("client-zip");
  const folder = archiveName(found);
  const now = new Date();
  const zipped = downloadZip(
    found.files.map((file) => ({ name: `${folder}/${file.name}`, input: file.bytes, lastModified: now })),
  );
  download(`${folder}.zip`, await zipped.blob(), "application/zip");
}
