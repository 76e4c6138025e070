import type { RunConfig } from "../../../train/knobs.ts";
import { pathsIn } from "../../data/data_paths.ts";
import { shippedModels } from "../../model_folder/shipped_models.ts";
import { dataAddresses, tokenizerAddresses } from "./fetched_addresses.ts";

/** Where something that a run used lies, seen from this page. */
export type Place =
  /** Nothing is needed, or it comes with the page or is kept in this browser. */
  | { kind: "here" }
  /** Fetched from these addresses. */
  | { kind: "elsewhere"; addresses: string[] }
  /** Files or folders of the machine that made the run, or of another visit; they must be given to the page. */
  | { kind: "files"; names: string[] }
  /** Neither; a sentence says why. */
  | { kind: "unreadable"; why: string };

/** What must be looked up to show a run beside its events. */
export interface RunNeeds {
  /** The pictures of its tasks. */
  data: Place;
  /** The texts of its tokens, and the sizes at which its model sees pictures. */
  model: Place;
}

const here: Place = { kind: "here" };

/** @param config of a run that may come from anybody: nothing is looked up here */
export function needsOf({ data, model }: Pick<RunConfig, "data" | "model">): RunNeeds {
  return { data: placeOfData(data), model: placeOfModel(model) };
}

function placeOfData(data: string): Place {
  const addresses: string[] = [];
  const names: string[] = [];
  try {
    // Each by itself: one that cannot be read must not hide the addresses of the others.
    for (const path of pathsIn(data)) {
      const found = path.startsWith("dropped/") ? [] : dataAddresses(path);
      if (found.length > 0) addresses.push(...found);
      else names.push(nameOf(path));
    }
  } catch (error) {
    return { kind: "unreadable", why: (error as Error).message };
  }
  if (names.length > 0) return { kind: "files", names };
  return addresses.length > 0 ? { kind: "elsewhere", addresses } : here;
}

function placeOfModel(model: string): Place {
  if (shippedModels.has(model) || /^trained-here\/[^/]+$/.test(model)) return here;
  const addresses = tokenizerAddresses(model);
  return addresses.length > 0 ? { kind: "elsewhere", addresses } : { kind: "files", names: [nameOf(model)] };
}

/** The last part of a path, of this system or another. */
export const nameOf = (path: string): string => path.split(/[/\\]/).findLast((part) => part !== "") ?? path;
