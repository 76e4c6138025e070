import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { usePage } from "../run/page_context.ts";

export interface VerlDialogProps {
  run: string;
  /** Whether it is under way in this page, so that it is to be saved first. */
  live: boolean;
  onClose(): void;
}

/** Saves a stored run as a folder that verl trains on, once a dialog has said what is in it. Fetched with the first press. */
export function VerlButton({ run, live }: { run: string; live: boolean }) {
  const { store } = usePage();
  const [Dialog, setDialog] = useState<{ of: ComponentType<VerlDialogProps> } | null>(null);
  const open = async (): Promise<void> => {
    try {
      const { VerlDialog } = await import("./verl_dialog.tsx");
      setDialog({ of: VerlDialog });
    } catch (error) {
      store.notices.error(error);
    }
  };
  return (
    <>
      <button type="button" aria-label={`Export for verl… ${run}`} onClick={() => void open()}>
        Export for verl…
      </button>
      {Dialog && <Dialog.of run={run} live={live} onClose={() => setDialog(null)} />}
    </>
  );
}
