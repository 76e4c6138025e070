import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { usePage } from "../run/page_context.ts";

export interface OnnxDialogProps {
  run: string;
  /** Whether it is under way in this page, so that it is to be saved first. */
  live: boolean;
  onClose(): void;
}

/** Saves a stored run's model as ONNX graphs, once a dialog has asked which. The dialog is fetched with the first press. */
export function OnnxButton({ run, live }: { run: string; live: boolean }) {
  const { store } = usePage();
  const [Dialog, setDialog] = useState<{ of: ComponentType<OnnxDialogProps> } | null>(null);
  const open = async (): Promise<void> => {
    try {
      const { OnnxDialog } = await import("./onnx_dialog.tsx");
      setDialog({ of: OnnxDialog });
    } catch (error) {
      store.notices.error(error);
    }
  };
  return (
    <>
      <button type="button" aria-label={`Export as ONNX… ${run}`} onClick={() => void open()}>
        Export as ONNX…
      </button>
      {Dialog && <Dialog.of run={run} live={live} onClose={() => setDialog(null)} />}
    </>
  );
}
