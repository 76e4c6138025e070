import { type ComponentType, h } from "preact";
import { useState } from "preact/hooks";
import { usePage } from "../run/page_context.ts";

/** "?": what the words, letters and colours of the page mean, in a dialog that is imported when it is asked for. */
export function WordsButton() {
  const { store } = usePage();
  const [open, setOpen] = useState(false);
  const [Dialog, setDialog] = useState<ComponentType<{ onClose(): void }> | null>(null);
  const show = async (): Promise<void> => {
    setOpen(true);
    if (Dialog) return;
    try {
      const { WordsDialog } = await import("./words_dialog.tsx");
      setDialog(() => WordsDialog);
    } catch (error) {
      setOpen(false);
      store.notices.error(error);
    }
  };
  return (
    <>
      <button
        type="button"
        class="icon"
        aria-label="Words and symbols of this page"
        title="Words and symbols"
        onClick={show}
      >
        ?
      </button>
      {open && Dialog && h(Dialog, { onClose: () => setOpen(false) })}
    </>
  );
}
