/** A file that a person gave the page, by its path in what was given: "folder/sub/name", or "name" alone. */
export interface GivenFile {
  path: string;
  file: File;
}

/** What was found in something that a person gave the page. */
export interface DroppedFolder {
  /** As the knobs `model`, `adapter` and `data` take it: "dropped/<name>", or a folder or file below it. */
  path: string;
  kind: "model" | "adapter" | "data" | "other";
  /** One sentence: what it is, or what is missing and what to do. */
  message: string;
  /** Whether it can be used as it is. */
  usable: boolean;
  files: number;
  sizeBytes: number;
}
