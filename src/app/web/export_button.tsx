import { useState } from "preact/hooks";
import { download } from "./download.ts";
import { usePage } from "./page_context.ts";

/** Saves the weights as they are now, as the files of a Hugging Face folder. */
export function ExportButton() {
  const { store, control } = usePage();
  const [exporting, setExporting] = useState(false);
  const run = async (): Promise<void> => {
    setExporting(true);
    try {
      for (const { name, bytes } of await control.api.exportModel()) download(name, bytes);
    } catch (error) {
      store.notices.error(error);
    } finally {
      setExporting(false);
    }
  };
  if (store.opened.value === null) return null;
  return (
    <button
      type="button"
      title="Saves the weights as they are now, with the other files of a Hugging Face folder"
      disabled={exporting || store.busy.value !== null || store.warmup.value.running}
      onClick={() => void run()}
    >
      {exporting ? "Exporting…" : "Export the model"}
    </button>
  );
}
