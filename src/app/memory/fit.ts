import type { RunConfig } from "../../train/knobs.ts";
import type { Estimate } from "./estimate.ts";
import { flagsOf, gib, smaller } from "./remedies.ts";

/** Asks what a run with these changes takes. @throws Error where a buffer of it is larger than the device allows */
export type Estimating = (changes: Partial<RunConfig>) => Promise<Estimate>;

/** A run made smaller until it fits. */
export interface Remedy {
  changes: Partial<RunConfig>;
  /** Null where a buffer is still too large. */
  bytes: number | null;
}

/** Whether a run fits a device, and what to change. */
export interface Fit {
  /** Null where a buffer is larger than the device allows; `problem` then says which. */
  bytes: number | null;
  problem: string;
  /** Bytes of the card, null where it is not known. */
  memoryBytes: number | null;
  fits: boolean | null;
  /** Single changes with what the run then takes, and behind them those that fit together; empty where it fits. */
  remedies: Remedy[];
}

/** An answer would take too long with more. */
const mostTried = 12;

interface FitOptions {
  /** Of the card, null where it is not known; WebGPU does not report it. */
  memoryBytes: number | null;
  estimating: Estimating;
  /** True once the answer is no longer needed. */
  stopping?: () => boolean;
}

/** @param found  the estimate as it is, or the error that came in its place */
export async function fitOf(
  config: RunConfig,
  found: Estimate | Error,
  { memoryBytes, estimating, stopping = () => false }: FitOptions,
): Promise<Fit> {
  const bytes = found instanceof Error ? null : found.usualBytes;
  const isFine = (of: number | null): boolean => of !== null && (memoryBytes === null || of <= memoryBytes);
  const fit: Fit = {
    bytes,
    problem: found instanceof Error ? found.message : "",
    memoryBytes,
    fits: bytes !== null && memoryBytes === null ? null : isFine(bytes),
    remedies: [],
  };
  if (isFine(bytes)) return fit;
  const tried = async (changes: Partial<RunConfig>): Promise<Remedy> => {
    // Each takes a while: a worker takes other messages between them.
    await new Promise((resolve) => setTimeout(resolve));
    try {
      return { changes, bytes: (await estimating(changes)).usualBytes };
    } catch {
      return { changes, bytes: null };
    }
  };
  const helping: Remedy[] = [];
  for (const changes of smaller(config).slice(0, mostTried)) {
    if (stopping()) return { ...fit, remedies: helping };
    const remedy = await tried(changes);
    if (remedy.bytes === null || (bytes !== null && remedy.bytes > 0.98 * bytes)) continue;
    // Of one setting made smaller and smaller, the last one tried is listed.
    if (helping.length > 0 && sameKnobs(helping.at(-1)!.changes, changes)) helping.pop();
    helping.push(remedy);
    if (isFine(remedy.bytes)) return { ...fit, remedies: helping };
  }
  const together = await tried(Object.assign({}, ...smaller(config)));
  return { ...fit, remedies: [...helping, ...(together.bytes !== null ? [together] : [])] };
}

const sameKnobs = (a: Partial<RunConfig>, b: Partial<RunConfig>): boolean =>
  Object.keys(a).join() === Object.keys(b).join();

/** The sentence where no remedy makes the run fit, and "" where one does. */
export function hopeless({ memoryBytes, fits, remedies }: Pick<Fit, "memoryBytes" | "fits" | "remedies">): string {
  const isFine = (of: number | null): boolean => of !== null && (memoryBytes === null || of <= memoryBytes);
  if (fits !== false || remedies.some((remedy) => isFine(remedy.bytes))) return "";
  const tried = remedies.length > 0 ? "none of these is enough" : "no smaller settings fit either";
  return `${tried}; take a smaller model`;
}

/** For people: does it fit, and what to change. */
export function fitLines(config: RunConfig, { bytes, problem, memoryBytes, fits, remedies }: Fit): string[] {
  const line = (remedy: Remedy) => `  ${flagsOf(remedy.changes, config)}: ${gib(remedy.bytes!)} GiB`;
  if (fits === null)
    return [
      `It fits where ${gib(bytes!)} GiB are free on the card; WebGPU does not report how much that is (--gpu-memory GIB says it)`,
    ];
  if (fits) return [`It fits: ${gib(bytes!)} of ${gib(memoryBytes!)} GiB`];
  const none = hopeless({ memoryBytes, fits, remedies });
  return [
    `It does not fit: ${bytes === null ? problem : `${gib(bytes)} GiB, the card has ${gib(memoryBytes!)}`}`,
    ...(remedies.length > 0 ? ["What helps, and what the run then takes:", ...remedies.map(line)] : []),
    ...(none ? [`  ${none}`] : []),
  ];
}
