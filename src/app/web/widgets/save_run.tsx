import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { usePage } from "../run/page_context.ts";

interface DialogProps {
  run: string;
  onClose(): void;
}

/** Saves a stored run as one file, once a dialog has asked what goes along. The dialog is fetched with the first press. */
export function SaveRunButton({ run }: { run: string }) {
  const { store } = usePage();
  const [Dialog, setDialog] = useState<{ of: ComponentType<DialogProps> } | null>(null);
  const open = async (): Promise<void> => {
    try {
      const { SaveRunDialog } = await import("./save_run_dialog.tsx");
      setDialog({ of: SaveRunDialog });
    } catch (error) {
      store.notices.error(error);
    }
  };
  return (
    <>
      <button type="button" aria-label={`Save the run… ${run}`} onClick={() => void open()}>
        Save the run…
      </button>
      {Dialog && <Dialog.of run={run} onClose={() => setDialog(null)} />}
    </>
  );
}
