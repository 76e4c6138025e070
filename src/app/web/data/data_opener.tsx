import { useId, useState } from "preact/hooks";
import type { DroppedFolder } from "../../worker_api/dropped_folder.ts";
import { droppedFiles } from "../browser/dropped.ts";
import { dataAddresses, isOpenable, tokenizerAddresses } from "../run/fetched_addresses.ts";
import { usePage } from "../run/page_context.ts";
import { FileChooser } from "../widgets/file_chooser.tsx";
import { useData } from "./data_context.ts";

/** Files from disk, or an address or a data set of the Hub; nothing is fetched before it was shown and a button pressed. */
export function DataOpener() {
  const data = useData();
  const id = useId();
  const [over, setOver] = useState(false);
  const text = data.typed.value.trim();
  const { addresses, problem } = addressesIn(text);
  const openable = isOpenable(text);
  const busy = data.opening.value;
  const dropping = data.dropping.value;
  return (
    <div class="card">
      <h2>
        <b>Open data</b>
      </h2>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a place to drop files; the buttons in it do the same */}
      <div
        class="dropzone"
        data-over={over ? "" : undefined}
        onDragEnter={() => setOver(true)}
        onDragLeave={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
        }}
        onDrop={(event) => {
          event.preventDefault();
          event.stopPropagation();
          setOver(false);
          if (event.dataTransfer) void data.drop(droppedFiles(event.dataTransfer));
        }}
      >
        <p class="soft small">
          Drop files or a folder here: parquet as DeepEyes has it; JSONL or CSV beside its pictures; a model’s folder.
        </p>
        <p class="buttons">
          <FileChooser label="Files…" onFiles={(files) => void data.drop(files)} />
          <FileChooser folder label="A folder…" onFiles={(files) => void data.drop(files)} />
        </p>
        {dropping && <p class="small soft">reading the list of files…</p>}
      </div>
      <Dropped />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (openable) void data.open(text);
        }}
      >
        <label for={id} class="small">
          Or an address, or a data set of the Hub
        </label>
        <input
          id={id}
          type="text"
          class="text"
          spellcheck={false}
          autocomplete="off"
          placeholder="owner/name@revision"
          aria-describedby={`${id}-addresses`}
          value={data.typed.value}
          onInput={(event) => {
            data.typed.value = event.currentTarget.value;
          }}
        />
        <div id={`${id}-addresses`} class="small">
          {addresses.length > 0 && (
            <>
              <p class="soft after">Will be fetched, in the parts that are looked at:</p>
              <ul class="addresses mono">
                {addresses.map((address) => (
                  <li key={address}>{address}</li>
                ))}
              </ul>
            </>
          )}
          {text !== "" && !openable && (
            <p class="soft after">
              {problem ??
                "Expected https://…, or a data set as owner/name@revision, where the revision is main, a tag or a commit"}
              .
            </p>
          )}
        </div>
        <p class="after">
          <button type="submit" disabled={busy || !openable}>
            {busy ? "Opening…" : addresses.length > 0 ? "Fetch and open" : "Open"}
          </button>
        </p>
      </form>
      {data.problem.value && (
        <p class="problem small" role="alert">
          {data.problem.value}
        </p>
      )}
      <ModelFiles />
    </div>
  );
}

function addressesIn(text: string): { addresses: string[]; problem: string | null } {
  try {
    return { addresses: dataAddresses(text), problem: null };
  } catch (error) {
    return { addresses: [], problem: (error as Error).message };
  }
}

/** What was found in what was dropped, and what can be done with it. */
function Dropped() {
  const { givenFiles } = usePage();
  if (givenFiles.found.value.length === 0) return null;
  return (
    <ul class="dropped small" aria-label="Dropped">
      {givenFiles.found.value.map((folder) => (
        <li key={`${folder.kind} ${folder.path}`}>
          <p>
            <b class="mono">{folder.path.replace(/^dropped\//, "")}</b>{" "}
            <span class={folder.usable ? "soft" : "problem"}>{folder.message}</span>
          </p>
          {folder.usable && <UseButton folder={folder} />}
        </li>
      ))}
    </ul>
  );
}

function UseButton({ folder: { kind, path } }: { folder: DroppedFolder }) {
  const { store, control } = usePage();
  const data = useData();
  if (kind === "other") return null;
  if (kind === "data") {
    const shown = data.opened.value?.data === path;
    return (
      <button type="button" disabled={shown || data.opening.value} onClick={() => void data.open(path)}>
        {shown ? "Open below" : "Open"}
      </button>
    );
  }
  const used = store.config.value[kind] === path;
  return (
    <button
      type="button"
      disabled={used}
      onClick={() => {
        const problem = control.setKnob(kind, path);
        if (problem) store.notices.add("error", problem);
      }}
    >
      {used ? `This ${kind} is used` : `Use this ${kind}`}
    </button>
  );
}

/** Whose tokens are counted; a model that lies elsewhere is asked for first. */
function ModelFiles() {
  const { store } = usePage();
  const data = useData();
  const { model } = store.config.value;
  const addresses = tokenizerAddresses(model);
  if (addresses.length === 0 || data.opened.value === null) return null;
  if (data.withModel.value) return <p class="soft small after">Tokens are counted as {model} does.</p>;
  return (
    <div class="pending small after">
      <p>
        Prompts can be counted and shown with the tokenizer of <b class="mono">{model}</b>, from
      </p>
      <ul class="addresses mono">
        {addresses.map((address) => (
          <li key={address}>{address}</li>
        ))}
      </ul>
      <button
        type="button"
        onClick={() => {
          data.fetchedModel.value = model;
        }}
      >
        Fetch it
      </button>
    </div>
  );
}
