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
    <button type="button" disabled={exporting || store.busy.value !== null} onClick={() => void run()}>
      {exporting ? "Exporting…" : "Export the model (Hugging Face files)"}
    </button>
  );
}
