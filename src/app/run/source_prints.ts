import type { Platform } from "../../platform.ts";
import { type FilePrint, type Fingerprint, listedFiles, noFile } from "../../tasks/fingerprint.ts";
import { sha256 } from "../../tasks/sha256.ts";
import { pathsIn } from "../data/data_paths.ts";
import { filesAt, openSource } from "../data/sources.ts";
import { hubPath, isCommit, isHubPath, readHubPath } from "../network/hub_path.ts";
import { type HashLimits, hashOf, localLimits, networkLimits } from "./content_hash.ts";

/** Of the rows that the knob `data` names, with the pictures beside them. @throws Error where a file cannot be opened */
export async function dataPrint(data: string, platform: Platform): Promise<Fingerprint[]> {
  const describing: Named[] = [];
  // By name: files may refer to the same pictures.
  const beside = new Map<string, Named>();
  let whole = true;
  for (const path of pathsIn(data)) {
    const fixed = commitOf(path);
    if (fixed) {
      describing.push({ name: path, path, fixed });
      continue;
    }
    for (const file of await filesAt(path, platform)) {
      if ((await platform.assetSize(file)) === null) continue;
      // Paths in a folder by what follows it, and a file by its own name: so they are called when they are dropped.
      const folder = file === path ? path.slice(0, path.lastIndexOf("/") + 1) : `${path.replace(/\/$/, "")}/`;
      const named = (one: string): Named => ({ name: one.slice(folder.length).replace(/\?.*$/s, ""), path: one });
      describing.push(named(file));
      const pictures = await picturesBeside(file, platform);
      whole &&= pictures.whole;
      for (const one of pictures.paths.map(named)) beside.set(one.name, one);
    }
  }
  const prints = await fingerprint({ knob: "data", part: "rows", path: data }, describing, platform, [
    ...beside.values(),
  ]);
  return prints.map((print) => (whole ? print : { ...print, covers: "samples" }));
}

/** The files that rows name. Those of a file that holds its pictures itself are none. */
async function picturesBeside(file: string, platform: Platform): Promise<{ paths: string[]; whole: boolean }> {
  const { rows: mostRows, allBytes } = limitsOf(file, platform);
  const paths = new Set<string>();
  let bytes = 0;
  const recording: Platform = {
    ...platform,
    assetSize: async (path) => {
      const size = await platform.assetSize(path);
      if (path === file || paths.has(path)) return size;
      paths.add(path);
      bytes += size ?? 0;
      return size;
    },
    // Only which files the rows name is wanted here; they are read when they are hashed.
    readAsset: async (path, startByte, endByte) =>
      path === file ? platform.readAsset(path, startByte, endByte) : new Uint8Array(),
  };
  const source = await openSource(file, recording);
  const count = Math.min(source.rows, mostRows);
  for (let i = 0; i < count; i++) {
    const row = await source.row(Math.floor((i * source.rows) / count)).catch(() => null);
    // A row that cannot be read now could not be then.
    const inRows = (await row?.pictures().catch(() => [])) ?? [];
    for (const { length } of inRows) bytes += length;
    if (i >= rowsToTell && paths.size === 0 && /\.parquet(\?.*)?$/i.test(file)) return { paths: [], whole: true };
    if (bytes > allBytes) return { paths: [...paths].sort(), whole: false };
  }
  return { paths: [...paths].sort(), whole: count === source.rows };
}

/** Rows after which a parquet file is known to hold its pictures. */
const rowsToTell = 4;

/** Of a model's folder, or of an adapter's: what it is, and its weights. None where there is none. */
export async function modelPrints(
  knob: "model" | "adapter",
  folder: string,
  platform: Platform,
): Promise<Fingerprint[]> {
  const place = hubPath(folder, "models");
  const fixed = place && commitOf(place);
  const at = (name: string): Named => ({ name, path: `${folder}/${name}` });
  if (fixed)
    return fingerprint({ knob, part: "settings", path: folder }, [{ name: folder, path: folder, fixed }], platform);
  const isThere = async (name: string) => (await platform.assetSize(`${folder}/${name}`)) !== null;
  const first = async (...choices: string[][]): Promise<string[]> => {
    for (const names of choices) if (await isThere(names[0]!)) return names;
    return [];
  };
  if (!(await isThere(knob === "model" ? "config.json" : "adapter_config.json"))) return [];
  const settings =
    knob === "adapter"
      ? ["adapter_config.json"]
      : [
          "config.json",
          ...(await first(["preprocessor_config.json"], ["processor_config.json"])),
          ...(await first(["tokenizer.json"], ["vocab.json", "merges.txt"])),
        ];
  const weights =
    knob === "adapter"
      ? await first(["adapter_model.safetensors"])
      : await first(["model.safetensors"], ["model.safetensors.index.json", ...(await shardsIn(folder, platform))]);
  return [
    ...(await fingerprint({ knob, part: "settings", path: folder }, settings.map(at), platform)),
    ...(await fingerprint({ knob, part: "weights", path: folder }, weights.map(at), platform)),
  ];
}

async function shardsIn(folder: string, platform: Platform): Promise<string[]> {
  const index = `${folder}/model.safetensors.index.json`;
  if ((await platform.assetSize(`${folder}/model.safetensors`)) !== null) return [];
  if ((await platform.assetSize(index)) === null) return [];
  try {
    const { weight_map: map } = JSON.parse(new TextDecoder().decode(await platform.readAsset(index)));
    return [...new Set(Object.values(map as Record<string, string>))].filter((name) => typeof name === "string").sort();
  } catch {
    // What is wrong with it is reported when the model is opened.
    return [];
  }
}

export interface Named {
  name: string;
  path: string;
  /** The commit that it is of: nothing of it can change. */
  fixed?: string;
}

/** One fingerprint of all files, none where there are none. `beside` come after the others. */
export async function fingerprint(
  about: Pick<Fingerprint, "knob" | "part" | "path">,
  files: readonly Named[],
  platform: Platform,
  beside: readonly Named[] = [],
): Promise<Fingerprint[]> {
  if (files.length === 0) return [];
  const byName = (a: Named, b: Named) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const prints: FilePrint[] = [];
  let read = 0;
  let covers: Fingerprint["covers"] = "all bytes";
  for (const { name, path, fixed } of [...[...files].sort(byName), ...[...beside].sort(byName)]) {
    const sizeBytes = fixed ? 0 : await platform.assetSize(path);
    if (fixed || sizeBytes === null) {
      prints.push({ name, sizeBytes: 0, hash: fixed ?? noFile });
      continue;
    }
    const limits = limitsOf(path, platform);
    const whole =
      sizeBytes <= limits.fileBytes && (read + sizeBytes <= limits.allBytes || sizeBytes <= 2 * limits.endBytes);
    if (!whole) covers = "samples";
    read += sizeBytes;
    prints.push({ name, sizeBytes, hash: await hashOf(platform, { path, sizeBytes }, limits, whole) });
  }
  return [
    {
      ...about,
      files: prints.length,
      sizeBytes: prints.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      hash: await sha256(
        new TextEncoder().encode(JSON.stringify(prints.map(({ name, sizeBytes, hash }) => [name, sizeBytes, hash]))),
      ),
      covers,
      listed: prints.slice(0, listedFiles),
    },
  ];
}

/** The commit in a path of the Hub, null where it names a branch or tag, or lies elsewhere. */
function commitOf(path: string): string | null {
  if (!isHubPath(path)) return null;
  const { revision } = readHubPath(path);
  return isCommit(revision) ? revision : null;
}

const limitsOf = (path: string, platform: Platform): HashLimits =>
  platform.addressOf(path) === null ? localLimits : networkLimits;
