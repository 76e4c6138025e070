import type { Platform } from "../../platform.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { isOwnCode } from "../../train/own_code.ts";
import { isPlainPath } from "../archive/plain_path.ts";
import { pathsIn } from "../data/data_paths.ts";
import { filesAt, openSource } from "../data/sources.ts";
import { shippedModels } from "../model_folder/shipped_models.ts";
import type { PlaceKnob, Places } from "./settings_paths.ts";

/** The folder of a run file in which data and models travel. */
export const filesFolder = "files";

/** Files of one knob that lie on this machine alone, and so can travel with a run. */
export interface Traveller {
  knob: PlaceKnob;
  /** What the knob says in the run file: paths below `filesFolder`, and what lies elsewhere as it was. */
  value: string;
  files: { /** In the run file. */ name: string /** Here. */; path: string; sizeBytes: number }[];
  sizeBytes: number;
}

/** And why some cannot. */
export interface LeftBehind {
  knob: PlaceKnob;
  why: string;
}

/** So many rows are asked which pictures they name. */
const mostRows = 1_000_000;
const mostFiles = 50_000;

/** What of a run's data and models is not to be had elsewhere: local data sets, folders of models. */
export async function travellersOf(
  { data, model, adapter }: Places,
  platform: Platform,
): Promise<{ travellers: Traveller[]; leftBehind: LeftBehind[] }> {
  const travellers: Traveller[] = [];
  const leftBehind: LeftBehind[] = [];
  const wanted: [PlaceKnob, () => Promise<Traveller | null>][] = [
    ["data", async () => (data === "" || isOwnCode(data) ? null : ofData(data, platform))],
    ["model", async () => (shippedModels.has(model) || model === "" ? null : ofFolder("model", model, platform))],
    ["adapter", async () => (adapter === "" ? null : ofFolder("adapter", adapter, platform))],
  ];
  for (const [knob, find] of wanted) {
    try {
      const found = await find();
      if (found) travellers.push(found);
    } catch (error) {
      leftBehind.push({ knob, why: (error as Error).message });
    }
  }
  return { travellers, leftBehind };
}

const lastPart = (path: string): string =>
  path
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .at(-1)!;

async function ofData(data: string, platform: Platform): Promise<Traveller | null> {
  const paths = pathsIn(data);
  const local = paths.filter((path) => platform.addressOf(path) === null);
  if (local.length === 0) return null;
  const files = new Map<string, Traveller["files"][number]>();
  const values: string[] = [];
  for (const [i, path] of paths.entries()) {
    if (!local.includes(path)) {
      values.push(path);
      continue;
    }
    // A comma parts sources, and two may have the same name.
    const own = `${filesFolder}/data${paths.length > 1 ? `/${i + 1}` : ""}/${lastPart(path).replaceAll(",", "_")}`;
    values.push(own);
    for (const file of await filesAt(path, platform)) {
      const name = file === path ? own : `${own}/${file.slice(path.replace(/\/$/, "").length + 1)}`;
      const folder = file.slice(0, file.lastIndexOf("/") + 1);
      for (const one of [file, ...(await picturesOf(file, platform))]) {
        const at = one === file ? name : `${name.slice(0, name.lastIndexOf("/") + 1)}${one.slice(folder.length)}`;
        if (!isPlainPath(at))
          throw new Error(`${one} lies outside of the data's folder, or has a name that not every system can write`);
        const sizeBytes = await platform.assetSize(one);
        if (sizeBytes === null) continue;
        files.set(at, { name: at, path: one, sizeBytes });
        if (files.size > mostFiles)
          throw new Error(`The data has more than ${mostFiles.toLocaleString("en")} files; pack them beside the run`);
      }
    }
  }
  return traveller("data", values.join(","), [...files.values()]);
}

/** The pictures beside a file that its rows name. */
async function picturesOf(file: string, platform: Platform): Promise<string[]> {
  const named = new Set<string>();
  const recording: Platform = {
    ...platform,
    assetSize: async (path) => {
      if (path !== file) named.add(path);
      return platform.assetSize(path);
    },
    // Only which files the rows name is wanted here.
    readAsset: async (path, startByte, endByte) =>
      path === file ? platform.readAsset(path, startByte, endByte) : new Uint8Array(),
  };
  const source = await openSource(file, recording);
  for (let i = 0; i < Math.min(source.rows, mostRows); i++) {
    const row = await source.row(i).catch(() => null);
    await row?.pictures().catch(() => []);
    // A parquet file that holds its pictures names none.
    if (i === 3 && named.size === 0 && /\.parquet$/i.test(file)) break;
  }
  return [...named].sort();
}

/** What a model's or an adapter's folder must have here; other files of it stay. */
const ofModels =
  /^(config|generation_config|(video_)?(pre)?processor_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template|adapter_config|model\.safetensors\.index)\.json$|^merges\.txt$|^chat_template\.jinja$|^[\w.-]+\.safetensors$/;

async function ofFolder(knob: "model" | "adapter", folder: string, platform: Platform): Promise<Traveller | null> {
  if (platform.addressOf(`${folder}/config.json`) !== null) return null;
  const names = (await platform.list(folder))?.filter((name) => ofModels.test(name)) ?? [];
  if (names.length === 0) throw new Error(`${folder} is not here`);
  const files: Traveller["files"] = [];
  for (const name of names) {
    const path = `${folder}/${name}`;
    files.push({ name: `${filesFolder}/${knob}/${name}`, path, sizeBytes: (await platform.assetSize(path)) ?? 0 });
  }
  return traveller(knob, `${filesFolder}/${knob}`, files);
}

const traveller = (knob: PlaceKnob, value: string, files: Traveller["files"]): Traveller => ({
  knob,
  value,
  files,
  sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
});

/**
 * What the knobs say in a run file: where something travels, its place there; of addresses what follows a "?" and a name
 * before "@" stay behind, since they may be a secret.
 */
export function placesIn(config: Pick<RunConfig, PlaceKnob>, travellers: readonly Traveller[]): Places {
  const { data, model, adapter } = config;
  const value = (knob: PlaceKnob, own: string): string => travellers.find((one) => one.knob === knob)?.value ?? own;
  return {
    data: value("data", data)
      .split(",")
      .map((part) => withoutSecret(part.trim()))
      .join(","),
    model: withoutSecret(value("model", model)),
    adapter: withoutSecret(value("adapter", adapter)),
  };
}

/** An address without what may let somebody in. */
export function withoutSecret(path: string): string {
  if (!/^https?:\/\//i.test(path)) return path;
  return path.replace(/[?#].*$/s, "").replace(/^(https?:\/\/)[^/]*@/i, "$1");
}
