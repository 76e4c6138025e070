import type { ComponentType } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Later } from "./later.tsx";

/** Opens the list of presets, each with a picture. */
export function PresetsButton({ label }: { label: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="link" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {label}
      </button>
      {open && <Presets onClose={() => setOpen(false)} />}
    </>
  );
}

/** Its pictures are rendered when somebody looks. */
const gallery = async (): Promise<ComponentType<{ onChosen(): void }>> =>
  (await import("./preset_gallery.tsx")).PresetGallery;

function Presets({ onClose }: { onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => dialog.current!.showModal(), []);
  const close = (): void => dialog.current!.close();
  return (
    <dialog ref={dialog} class="presets" aria-labelledby={title} onClose={onClose}>
      <div class="headline">
        <h2 id={title}>
          <b>Choose a preset</b>
        </h2>
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
      <Later name="The list of presets" load={gallery} props={{ onChosen: close }} />
    </dialog>
  );
}
