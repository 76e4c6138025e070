import type { FileToZip } from "../../src/app/archive/zip_writer.ts";
import { openDenoPlatform } from "../../src/app/deno/platform.ts";
import { type AskedExport, exportedFiles } from "../../src/app/verl_export/exported_files.ts";
import { openExport } from "../../src/app/verl_export/opened_export.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/knobs.ts";

/** An export in memory, by the paths of its files. */
export async function exported(
  changes: Partial<RunConfig>,
  asked: Partial<AskedExport> = {},
): Promise<{ files: Map<string, Uint8Array>; text: (name: string) => string; notes: string[] }> {
  const opened = await openExport(resolveConfig(changes), await openDenoPlatform(false));
  const files = new Map<string, Uint8Array>();
  for await (const { name, bytes } of exportedFiles(opened, { checkpoint: null, groups: [], ...asked }))
    files.set(name, await wholeOf(bytes));
  return { files, text: (name) => new TextDecoder().decode(files.get(name)), notes: opened.notes };
}

async function wholeOf(bytes: FileToZip["bytes"]): Promise<Uint8Array> {
  if (bytes instanceof Uint8Array) return bytes;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of bytes) pieces.push(piece as Uint8Array<ArrayBuffer>);
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** [1, [7, 3]] is 1, 7, 7, 7. */
export const unpacked = (ids: readonly (number | [number, number])[]): number[] =>
  ids.flatMap((part) => (Array.isArray(part) ? new Array<number>(part[1]).fill(part[0]) : [part]));

/** What verl made of a scripted rollout. */
export interface VerlMade {
  prompt: (number | [number, number])[] | null;
  response: (number | [number, number])[];
  mask: (number | [number, number])[];
  turns: number;
  score: number;
  advantage: number;
}

export async function goldenVerl(name: string): Promise<VerlMade[]> {
  const text = await Deno.readTextFile(new URL(`../golden/verl/${name}.jsonl`, import.meta.url));
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}
