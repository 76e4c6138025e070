import { hubPath } from "../network/hub_path.ts";

/** The paths that the knob `data` names; a data set of the Hub may be written as owner/name@revision. */
export const pathsIn = (data: string): string[] =>
  data
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    // Names of dropped files may look like a repository's.
    .map((path) => (path.startsWith("dropped/") ? path : (hubPath(path, "datasets") ?? path)));
