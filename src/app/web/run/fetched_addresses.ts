import type { RunConfig } from "../../../train/knobs.ts";
import { pathsIn } from "../../data/data_paths.ts";
import {
  addressOfPath,
  hubFileAddress,
  isHubPath,
  isWebAddress,
  readHubPath,
  shortModelPath,
} from "../../network/hub_path.ts";

/**
 * What a text of the knob `data` leads to, for a person to read before anything is fetched: addresses of files, of the
 * folder in which a JSONL or CSV file has its pictures, and of the list of a data set's files with the folder that they
 * lie in. None for what is here already.
 * @throws Error with one sentence where a part is nearly an address
 */
export function dataAddresses(text: string): string[] {
  return pathsIn(text).flatMap((path) => {
    const first = addressOfPath(path);
    if (first === null) return [];
    if (/\.(jsonl|csv)(\?.*)?$/i.test(path)) return [first, folderOf(first)];
    if (!isHubPath(path) || !first.includes("/api/")) return first;
    return [first, `${hubFileAddress(readHubPath(path)).replace(/\/?$/, "/")}…`];
  });
}

/** The folder of a file's address: whatever is read beside the file. */
const folderOf = (address: string): string => address.replace(/[?#].*$/, "").replace(/[^/]*$/, "…");

/**
 * The files that count a model's tokens, where the model lies elsewhere: its tokenizer, and what else of its folder
 * stands in for one or says how it sees pictures.
 */
export function tokenizerAddresses(model: string): string[] {
  const folder = folderElsewhere(model);
  try {
    return folder === null
      ? []
      : ["tokenizer.json", "…"].map((name) =>
          addressOfPath(`${folder}/tokenizer.json`)!.replace(/tokenizer\.json$/, name),
        );
  } catch {
    // No model that could be fetched; opening it says why.
    return [];
  }
}

/** What a run with these settings fetches from elsewhere: the model, an adapter, data. */
export function runAddresses({ model, adapter, data }: Pick<RunConfig, "model" | "adapter" | "data">): string[] {
  try {
    const folders = [model, adapter].flatMap((name) => folderElsewhere(name) ?? []);
    return [
      ...folders.map((path) => addressOfPath(`${path}/config.json`)!.replace(/config\.json$/, "…")),
      ...dataAddresses(data),
    ];
  } catch {
    return [];
  }
}

/** The path of a model or adapter on the network, null for one that is here. */
function folderElsewhere(name: string): string | null {
  // Folders of this page have the form of a model on the Hub.
  if (/^(dropped|trained-here)\//.test(name)) return null;
  return isWebAddress(name) || isHubPath(name) ? name : shortModelPath(name);
}

/** Whether every part of a text names something that can be opened: dropped files, addresses, data sets. */
export function isOpenable(text: string): boolean {
  const paths = pathsIn(text);
  try {
    return paths.length > 0 && paths.every((path) => path.startsWith("dropped/") || addressOfPath(path) !== null);
  } catch {
    return false;
  }
}
