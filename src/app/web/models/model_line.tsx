import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { modelName } from "../labels/model_name.ts";
import { shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { useModels } from "./model_context.ts";

/** The model of the next run, and the way to another. @param picker  what the dialog holds, fetched when it is opened */
export function ModelLine({ picker }: { picker: ComponentChildren }) {
  const { store } = usePage();
  const { fetch } = useModels();
  const [open, setOpen] = useState(false);
  const { model, baseDtype, loraRank, adapter } = store.config.value;
  const [name = "", commit] = modelName(model).split(/@(?=[0-9a-f]{40}$)/);
  const trained = adapter !== "" ? "an adapter on it" : loraRank > 0 ? `LoRA of rank ${loraRank}` : "all weights";
  const dtype = baseDtype === "auto" ? "" : ` in ${baseDtype}`;
  const isFetching = fetch.value?.state === "fetching";
  return (
    <div class="row model-line">
      <span>
        Model <b>{shortened(name, 120)}</b>
        {commit && <span class="mono small soft"> {commit.slice(0, 8)}</span>}
        <span class="soft small">
          , {trained}
          {dtype}
          {isFetching && ", weights are being fetched"}
        </span>
      </span>
      <button type="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        Choose…
      </button>
      {open && <Picker onClose={() => setOpen(false)}>{picker}</Picker>}
    </div>
  );
}

function Picker({ onClose, children }: { onClose(): void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => dialog.current!.showModal(), []);
  return (
    <dialog ref={dialog} class="models" aria-labelledby={title} onClose={onClose}>
      <div class="headline">
        <h2 id={title}>
          <b>Choose a model</b>
        </h2>
        <button type="button" onClick={() => dialog.current!.close()}>
          Close
        </button>
      </div>
      {children}
    </dialog>
  );
}
