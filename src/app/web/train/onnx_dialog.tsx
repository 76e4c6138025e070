import { useState } from "preact/hooks";
import { type WrittenDtype, writtenDtypes } from "../../../onnx/graph/precision.ts";
import { download } from "../browser/download.ts";
import { usePage } from "../run/page_context.ts";
import { SaveDialog } from "../widgets/save_dialog.tsx";
import type { OnnxDialogProps } from "./onnx_button.tsx";

const labels: Readonly<Record<WrittenDtype, string>> = {
  fp32: "fp32: the numbers themselves, 4 bytes a weight",
  fp16: "fp16: half of that, for WebGPU with shader-f16",
  q8: "q8: matrices in 8 bits, what transformers.js takes on the processor",
};
const dtypes = Object.keys(writtenDtypes) as WrittenDtype[];

/** What goes into an archive of graphs. */
export function OnnxDialog({ run, live, onClose }: OnnxDialogProps) {
  const { control } = usePage();
  const [taken, setTaken] = useState<readonly WrittenDtype[]>(dtypes);
  const save = async (): Promise<boolean> => {
    if (live) await control.save();
    const { name, archive } = await control.api.files.onnx(run, taken);
    download(`${name}.zip`, archive, "application/zip");
    return true;
  };
  return (
    <SaveDialog title="Export the model as ONNX graphs" isReady={taken.length > 0} save={save} onClose={onClose}>
      <p>
        A folder of <b>{run}</b> that <code>transformers.js</code> and <code>onnxruntime</code> load, as one zip
        archive: three graphs, adapters merged, with tokenizer, processor and a README that says how.{" "}
        {live ? "The run is saved first, and goes on." : "The weights are those of its checkpoint."}
      </p>
      <fieldset>
        <legend>What the graphs compute in</legend>
        {dtypes.map((dtype) => (
          <p key={dtype}>
            <label>
              <input
                type="checkbox"
                checked={taken.includes(dtype)}
                onChange={({ currentTarget: { checked } }) =>
                  setTaken(dtypes.filter((one) => (one === dtype ? checked : taken.includes(one))))
                }
              />{" "}
              {labels[dtype]}
            </label>
          </p>
        ))}
      </fieldset>
    </SaveDialog>
  );
}
