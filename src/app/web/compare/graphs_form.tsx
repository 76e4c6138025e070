import { useId, useState } from "preact/hooks";
import { onnxDevices } from "../../session/onnx_devices.ts";
import type { NamedGraphs } from "../../session/opened_graphs.ts";
import { shownBytes } from "../../text/shown_bytes.ts";
import type { GivenFile } from "../../worker_api/dropped_folder.ts";
import { usePage } from "../run/page_context.ts";
import type { Chosen } from "../run/store.ts";
import { FileChooser } from "../widgets/file_chooser.tsx";
import { useCompare } from "./compare_context.ts";
import { Field } from "./field.tsx";
import { GreedyField } from "./greedy_field.tsx";
import { SampleButtons } from "./sample_buttons.tsx";

const deviceNames: Record<NamedGraphs["device"], string> = {
  gpu: "graphics card",
  cpu: "processor (slow)",
};

/** Those of transformers.js, by its names. */
const dtypes = ["fp32", "fp16", "q8", "q4", "q4f16"];

/** A model as ONNX graphs that rolls the task; its tools are carried out here, and nothing can be trained on it. */
export function GraphsForm({ chosen }: { chosen: Chosen }) {
  const compare = useCompare();
  const { store, givenFiles } = usePage();
  const graphs = compare.graphs.value;
  const [greedy, setGreedy] = useState(true);
  const [described, setDescribed] = useState(false);
  const id = useId();
  const change = (changes: Partial<NamedGraphs>): void => {
    compare.graphs.value = { ...graphs, ...changes };
  };
  const offer = (files: GivenFile[]): void => {
    givenFiles.take(files).then(
      ([first]) => first && change({ folder: first.path }),
      (error) => store.notices.error(error),
    );
  };
  const asking = compare.asking.value !== null;
  const read = compare.graphsRead.value;
  return (
    <details class="card panel">
      <summary>
        <h2>
          <b>Sample with ONNX graphs</b> transformers.js, onnxruntime-web
        </h2>
      </summary>
      <div class="row wide">
        <label for={`${id}-folder`}>repository or folder</label>
        <input
          id={`${id}-folder`}
          class="text"
          placeholder="onnx-community/Qwen2.5-VL-3B-Instruct-ONNX@main"
          value={graphs.folder}
          onInput={(event) => change({ folder: event.currentTarget.value.trim() })}
        />
      </div>
      <p class="buttons">
        <FileChooser folder label="A folder…" onFiles={offer} />
      </p>
      <Field id={`${id}-dtype`} label="dtype of the graphs">
        <select
          id={`${id}-dtype`}
          value={graphs.dtype}
          onChange={(event) => change({ dtype: event.currentTarget.value })}
        >
          <option value="">recommended</option>
          {dtypes.map((dtype) => (
            <option key={dtype} value={dtype}>
              {dtype}
            </option>
          ))}
        </select>
      </Field>
      <Field id={`${id}-device`} label="run on">
        <select
          id={`${id}-device`}
          value={graphs.device}
          onChange={(event) => change({ device: event.currentTarget.value as NamedGraphs["device"] })}
        >
          {onnxDevices.map((device) => (
            <option key={device} value={device}>
              {deviceNames[device]}
            </option>
          ))}
        </select>
      </Field>
      <Field id={`${id}-prompt`} label="prompt">
        <select
          id={`${id}-prompt`}
          value={described ? "described" : "run"}
          onChange={(event) => setDescribed(event.currentTarget.value === "described")}
        >
          <option value="run">of this run</option>
          <option value="described">with tools described</option>
        </select>
      </Field>
      <GreedyField id={id} greedy={greedy} setGreedy={setGreedy} />
      <p class="cap">
        The graphs run in this page; onnxruntime-web (17 MB) comes from where the page came from, a repository’s files
        from the Hub. Attention and the probabilities of the prompt are not known of graphs, and nothing is trained on
        them: that takes the repository’s safetensors.
      </p>
      <SampleButtons
        asking={asking}
        isReady={graphs.folder !== ""}
        sample={() => void compare.rollByGraphs(chosen, { greedy, described })}
        stop={() => void compare.stop()}
      />
      <p class="small soft" role="status">
        {read === null ? "" : `${shownBytes(read.doneBytes)} of ${shownBytes(read.ofBytes)} of the graphs read`}
      </p>
    </details>
  );
}
