/** One of the files that a fingerprint is of. */
export interface FilePrint {
  /** From the folder that the run names, "/" between. */
  name: string;
  sizeBytes: number;
  /** SHA-256 of its bytes in hexadecimal, or of what is named by `covers`. */
  hash: string;
}

/**
 * What distinguishes the files that a run was made with from others of the same name. It stands beside the run's settings and
 * in the head of its log.
 */
export interface Fingerprint {
  /** The knob that names them. */
  knob: "data" | "model" | "adapter" | "reward" | "tools";
  /** Of a model, its weights stand apart: a checkpoint of all weights replaces them. "code": a module, and what it imports. */
  part: "rows" | "settings" | "weights" | "code";
  /** What the knob says. */
  path: string;
  files: number;
  sizeBytes: number;
  /** SHA-256 over names, sizes and hashes of all files. */
  hash: string;
  /** "samples" where some were too large, or too many, for every byte to be read. */
  covers: "all bytes" | "samples";
  /** The first of them, describing files before pictures. */
  listed: FilePrint[];
}

/** In the place of a hash: rows name a file that is not there. */
export const noFile = "missing";

/** So many files are named one by one. */
export const listedFiles = 24;

const plural = (count: number, noun: string): string =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** rows.jsonl, a.png and 5 more files, 13,212 bytes in all */
export function filesText({ listed, files, sizeBytes }: Fingerprint): string {
  const names = listed.slice(0, 3).map(({ name }) => name);
  const more = files - names.length;
  const list = more > 0 ? `${names.join(", ")} and ${plural(more, "more file")}` : names.join(", ");
  return `${list}, ${plural(sizeBytes, "byte")}${files > 1 ? " in all" : ""}`;
}

const nouns = { rows: "data", settings: "settings", weights: "weights", code: "code" };

/**
 * Whether what was found is what a run was made with: null, or one sentence that names both and the first file that
 * differs.
 */
export function otherSource(stored: Fingerprint, found: Fingerprint | undefined): string | null {
  if (found && stored.hash === found.hash) return null;
  const what = `the ${nouns[stored.part]} of the ${stored.knob === "data" ? "run" : stored.knob}`;
  const before = `${filesText(stored)} (SHA-256 ${stored.hash.slice(0, 12)})`;
  if (!found) return `Expected ${what} as they were, ${before}, found none in ${stored.path}`;
  const detail = firstDifference(stored, found);
  return `${found.path} does not hold ${what}: expected ${before}, found ${filesText(found)} (${found.hash.slice(0, 12)})${detail && `; ${detail}`}`;
}

/** The same for all of a run: the first sentence. `matters` leaves out what the run does not read any more. */
export function otherSources(
  stored: readonly Fingerprint[],
  found: readonly Fingerprint[],
  matters: (print: Fingerprint) => boolean = () => true,
): string | null {
  for (const print of stored.filter(matters)) {
    const same = found.find(({ knob, part }) => knob === print.knob && part === print.part);
    const sentence = otherSource(print, same);
    if (sentence !== null) return sentence;
  }
  return null;
}

function firstDifference(stored: Fingerprint, found: Fingerprint): string {
  const now = new Map(found.listed.map((file) => [file.name, file]));
  for (const { name, sizeBytes, hash } of stored.listed) {
    const file = now.get(name);
    if (!file && found.files > found.listed.length) return "";
    if (!file || (file.hash === noFile && hash !== noFile)) return `${name} is missing`;
    if (file.sizeBytes !== sizeBytes)
      return `${name} had ${plural(sizeBytes, "byte")} and has ${file.sizeBytes.toLocaleString("en")}`;
    if (file.hash !== hash) return `${name} has the same size and other content`;
  }
  return "";
}

/** What to do where nothing stands in the place of what a run was made with. */
export function putBack(print: Fingerprint): string {
  const what = {
    data: "The data",
    model: "The model",
    adapter: "The adapter",
    reward: "The reward",
    tools: "The tool",
  }[print.knob];
  return print.path.startsWith("dropped/")
    ? `${what} of this run (${print.path.slice("dropped/".length)}) was dropped in an earlier visit; drop the same files here again: ${filesText(print)}`
    : `Expected in ${print.path} what the run was made with, ${filesText(print)}, found nothing there; put the same files back, or begin a new run`;
}

/** Fingerprints as they were stored; what is none is left out. */
export function readFingerprints(stored: unknown): Fingerprint[] | undefined {
  if (!Array.isArray(stored)) return undefined;
  return stored.filter(isFingerprint);
}

function isFingerprint(value: unknown): value is Fingerprint {
  const { knob, part, path, files, sizeBytes, hash, listed } = (value ?? {}) as Record<string, unknown>;
  return (
    ["data", "model", "adapter", "reward", "tools"].includes(knob as string) &&
    ["rows", "settings", "weights", "code"].includes(part as string) &&
    [path, hash].every((text) => typeof text === "string") &&
    [files, sizeBytes].every((count) => typeof count === "number") &&
    Array.isArray(listed) &&
    listed.every(
      (file) => typeof file?.name === "string" && typeof file.sizeBytes === "number" && typeof file.hash === "string",
    )
  );
}
