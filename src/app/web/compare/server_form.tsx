import { useId, useState } from "preact/hooks";
import type { NamedServer } from "../../worker_api/roll_api.ts";
import type { Chosen } from "../run/store.ts";
import { useCompare } from "./compare_context.ts";
import { Field } from "./field.tsx";
import { GreedyField } from "./greedy_field.tsx";
import { SampleButtons } from "./sample_buttons.tsx";

/** A model on a server that rolls the task; its tools are carried out here. */
export function ServerForm({ chosen }: { chosen: Chosen }) {
  const compare = useCompare();
  const server = compare.server.value;
  const [greedy, setGreedy] = useState(true);
  // Kept by the worker for the server's origin until the page closes, and nowhere else.
  const [key, setKey] = useState("");
  const id = useId();
  const change = (changes: Partial<NamedServer>): void => {
    compare.server.value = { ...server, ...changes };
  };
  const asking = compare.asking.value !== null;
  return (
    <details class="card panel">
      <summary>
        <h2>
          <b>Sample with a model on a server</b> vLLM, SGLang, llama.cpp
        </h2>
      </summary>
      <div class="row wide">
        <label for={`${id}-url`}>address</label>
        <input
          id={`${id}-url`}
          class="text"
          type="url"
          placeholder="http://127.0.0.1:8000/v1"
          value={server.url}
          onInput={(event) => change({ url: event.currentTarget.value.trim() })}
        />
      </div>
      <div class="row wide">
        <label for={`${id}-model`}>model</label>
        <input
          id={`${id}-model`}
          class="text"
          placeholder="the first that the server names"
          value={server.model}
          onInput={(event) => change({ model: event.currentTarget.value.trim() })}
        />
      </div>
      <div class="row wide">
        <label for={`${id}-key`}>key</label>
        <input
          id={`${id}-key`}
          class="text"
          type="password"
          autocomplete="off"
          spellcheck={false}
          placeholder="none"
          value={key}
          onInput={(event) => setKey(event.currentTarget.value.trim())}
        />
      </div>
      <Field id={`${id}-frame`} label="its boxes are">
        <select
          id={`${id}-frame`}
          value={server.frame ?? ""}
          onChange={(event) => change({ frame: (event.currentTarget.value || null) as NamedServer["frame"] })}
        >
          <option value="">as its name says</option>
          <option value="input-pixels">pixels (Qwen2.5-VL)</option>
          <option value="relative-1000">thousandths (Qwen3-VL)</option>
        </select>
      </Field>
      <Field id={`${id}-tools`} label="tools are made known by">
        <select
          id={`${id}-tools`}
          value={server.toolForm}
          onChange={(event) => change({ toolForm: event.currentTarget.value as NamedServer["toolForm"] })}
        >
          <option value="text">the prompt’s text</option>
          <option value="native">a list beside it</option>
        </select>
      </Field>
      <GreedyField id={id} greedy={greedy} setGreedy={setGreedy} />
      <p class="cap">
        The picture and the question are sent to this address, the key to no other. What the server does not say is
        shown as unknown, and nothing is trained on it.
      </p>
      <SampleButtons
        asking={asking}
        isReady={server.url !== ""}
        sample={() => void compare.rollElsewhere(chosen, { greedy, key })}
        stop={() => void compare.stop()}
      />
    </details>
  );
}
