import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

interface Props {
  title: string;
  /** What is saved, and what can be chosen. */
  children: ComponentChildren;
  /** Whether what was chosen can be saved. */
  isReady: boolean;
  /** Saves it. Resolves to whether there is nothing more to read: the dialog closes. */
  save(): Promise<boolean>;
  /** In the place of Cancel. */
  closing?: string;
  onClose(): void;
}

/** Chooses what goes into an archive and saves it; stays open, with the sentence, where that fails. */
export function SaveDialog({ title, children, isReady, save, closing = "Cancel", onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current!.showModal(), []);
  const close = (): void => dialog.current?.close();
  const press = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      if (await save()) close();
    } catch (error) {
      setProblem((error as Error).message);
    }
    setBusy(false);
  };
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose} class="save-run">
      <h2 id={id}>
        <b>{title}</b>
      </h2>
      {children}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <p class="buttons">
        <button type="button" class="go" disabled={busy || !isReady} onClick={() => void press()}>
          {busy ? "Writing…" : "Save"}
        </button>
        <button type="button" onClick={close}>
          {closing}
        </button>
      </p>
    </dialog>
  );
}
