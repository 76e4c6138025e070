import type { Platform } from "../../platform.ts";
import type { Fingerprint } from "../../tasks/fingerprint.ts";
import { sha256 } from "../../tasks/sha256.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { isFromScript, isModulePath } from "../../train/own_code.ts";
import type { OwnParts } from "../session/run_context.ts";
import { fingerprint } from "./source_prints.ts";

/** The knobs in whose place code of one's own may stand. */
export type CodeKnobs = Pick<RunConfig, "data" | "reward" | "tools">;

/** Modules that one run is made of, at most. */
const mostModules = 256;

/** A relative import: static, dynamic, or for its effect. */
const relativeImport = /\b(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;

/**
 * Fingerprints of the code that a run is made with: of a module and of all that it imports by relative paths, and of
 * what a script handed over the text of its functions (what these close over is not seen).
 * @throws Error with one sentence where a module cannot be read
 */
export async function codePrints(config: CodeKnobs, platform: Platform, own: OwnParts = {}): Promise<Fingerprint[]> {
  const objects = {
    data: own.tasks && [own.tasks],
    reward: own.reward && [own.reward],
    tools: own.tools && [...own.tools.values()],
  };
  const found: Fingerprint[] = [];
  for (const knob of ["data", "reward", "tools"] as const) {
    const value = config[knob];
    const parts = value.split(",").map((part) => part.trim());
    const modules = parts.filter(isModulePath);
    if (modules.length > 0) found.push(...(await modulePrint(knob, value, modules, platform)));
    if (parts.some(isFromScript) && objects[knob]) found.push(await objectPrint(knob, value, objects[knob]));
  }
  return found;
}

/** One fingerprint of modules and what they import. */
async function modulePrint(
  knob: keyof CodeKnobs,
  path: string,
  modules: readonly string[],
  platform: Platform,
): Promise<Fingerprint[]> {
  const folder = modules[0]!.slice(0, modules[0]!.lastIndexOf("/") + 1);
  const seen = new Set(modules);
  for (const module of seen) {
    // What is not there says so when it is loaded.
    if ((await platform.assetSize(module)) === null) continue;
    const text = new TextDecoder().decode(await platform.readAsset(module));
    for (const [, relative] of text.matchAll(relativeImport)) seen.add(beside(module, relative!));
    if (seen.size > mostModules)
      throw new Error(`Expected at most ${mostModules} modules of one's own, found more behind ${module}; bundle them`);
  }
  const files = [...seen].map((one) => ({ name: one.startsWith(folder) ? one.slice(folder.length) : one, path: one }));
  return fingerprint({ knob, part: "code", path }, files, platform);
}

/** "a/b.ts" and "../c.ts" -> "c.ts" */
function beside(module: string, relative: string): string {
  const parts = module.split("/").slice(0, -1);
  for (const part of relative.split("/"))
    if (part === ".." && parts.length > 0 && !["..", "."].includes(parts.at(-1)!)) parts.pop();
    else if (part !== ".") parts.push(part);
  return parts.join("/");
}

async function objectPrint(knob: keyof CodeKnobs, path: string, objects: readonly object[]): Promise<Fingerprint> {
  const text = JSON.stringify(objects, (_, value) => (typeof value === "function" ? String(value) : value));
  const bytes = new TextEncoder().encode(text);
  const hash = await sha256(bytes);
  const sizeBytes = bytes.length;
  return {
    knob,
    part: "code",
    path,
    files: 1,
    sizeBytes,
    hash,
    covers: "samples",
    listed: [{ name: path, sizeBytes, hash }],
  };
}
