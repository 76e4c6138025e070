import { usualScenes } from "../../../tasks/worlds/world.ts";
import type { KnobName, RunConfig } from "../../../train/knobs.ts";
import { isKept } from "../browser/kept_folder.ts";
import { needsOf, type Place } from "./run_needs.ts";
import type { Replay } from "./store.ts";

/** What of the shown run can be looked up, and what a person would have to do for the rest. */
export interface Lookup {
  /** The configuration under which a task's pictures are made or read; null where they cannot be. */
  pictures: RunConfig | null;
  /** The model whose tokenizer gives the texts of tokens; null where there is none. */
  texts: string | null;
  /** Addresses to agree to first. */
  addresses: readonly string[];
  /** Local files of tasks to be given, by their names. */
  dataFiles: readonly string[];
  /** A model's folder to be given, by its name. */
  modelFolder: string | null;
  /** In the place of a picture: why there is none. */
  noPicture: string | null;
  /** Why tokens stand there by their ids. */
  noTexts: string | null;
}

/** Knobs that decide what generated scenes look like, and where pictures of files come from. */
const pictureKnobs = ["data", "maxSourcePixels", ...Object.keys(usualScenes)] as readonly KnobName[];

/**
 * A live run and one of this browser were started by a person who saw what they fetch. A log may come from anybody: no
 * address in it is requested without consent, and no file is taken for the run's before it was compared with the log.
 */
export function lookupOf(config: RunConfig, replay: Replay | null, agreed: ReadonlySet<string>): Lookup {
  const found: Lookup = {
    pictures: config,
    texts: config.model,
    addresses: [],
    dataFiles: [],
    modelFolder: null,
    noPicture: null,
    noTexts: null,
  };
  if (!replay) return found;
  if (config.model === "")
    return { ...found, pictures: null, texts: null, noPicture: "This log of another program holds no pictures" };
  const needs = needsOf(config);
  // What came with a run of this browser is here as long as the run is.
  const ofRun = (knob: "data" | "model"): Place =>
    replay.origin === "stored" && isKept(config[knob]) ? { kind: "here" } : needs[knob];
  const data = ofRun("data");
  const model = ofRun("model");
  const unread = pictureKnobs.filter((name) => replay.unreadKnobs.has(name));
  const addresses = new Set<string>();
  const mayFetch = (wanted: readonly string[]): boolean => {
    const open = replay.origin === "stored" && !replay.imported ? [] : wanted.filter((address) => !agreed.has(address));
    for (const address of open) addresses.add(address);
    return open.length === 0;
  };

  if (model.kind === "elsewhere" && !mayFetch(model.addresses)) {
    found.texts = null;
    found.noTexts = "Their texts are in a file at an address that has not been agreed to";
  }
  if (model.kind === "files") {
    found.texts = replay.standIns.model;
    if (found.texts === null) {
      found.modelFolder = model.names[0] ?? config.model;
      found.noTexts = `Their texts are in the local model ${model.names[0]}`;
    }
  }

  if (unread.length > 0) {
    found.noPicture = `The log does not say what its pictures were made with (${unread.join(", ")})`;
  } else if (data.kind === "unreadable") {
    found.noPicture = data.why;
  } else if (data.kind === "elsewhere" && !mayFetch(data.addresses)) {
    found.noPicture = "The picture is at an address that has not been agreed to";
  } else if (data.kind === "files" && replay.standIns.data === null) {
    found.dataFiles = replay.files.length > 0 ? replay.files : data.names;
    found.noPicture = `The picture is in a local file: ${found.dataFiles.slice(0, 3).join(", ")}`;
  }
  // Without a model's own sizes rows are read by those of Qwen2.5-VL, which keep the same pictures.
  const lent = data.kind === "files" ? { data: replay.standIns.data! } : {};
  found.pictures = found.noPicture === null ? { ...config, ...lent, model: found.texts ?? "" } : null;
  found.addresses = [...addresses];
  return found;
}
