import type { DroppedFolder, GivenFile } from "../dropped_folder.ts";
import { findFolders } from "./dropped_kinds.ts";

const root = "dropped/";

/** Whether a path stands for something that a person gave the page. */
export const isDropped = (path: string): boolean => path.startsWith(root);

/** What a person gave the page in this visit. Files are kept as handles and read slice by slice, never whole. */
export class DroppedFiles {
  readonly #files = new Map<string, File>();

  /**
   * Takes files under `dropped/<name>/...`. Several files without a folder become one. What had the same name before is
   * replaced.
   * @returns what was found, a folder that can be used in each
   */
  async add(given: readonly GivenFile[]): Promise<DroppedFolder[]> {
    if (given.length === 0) throw new Error("Expected files or a folder, found none; an empty folder holds nothing");
    const loose = given.filter(({ path }) => !path.includes("/"));
    const folder = loose.length > 1 ? `${loose.length} files` : null;
    const tops = new Map<string, Map<string, File>>();
    for (const { path, file } of given) {
      const parts = (folder !== null && !path.includes("/") ? `${folder}/${path}` : path).split("/");
      if (parts.some((part) => part === "" || part === "." || part === ".."))
        throw new Error(`Expected the path of a file in a folder, found "${path}"`);
      // A comma parts the sources that a run names.
      const top = parts[0]!.replaceAll(",", "_");
      const files = tops.get(top) ?? new Map<string, File>();
      files.set(parts.slice(1).join("/"), file);
      tops.set(top, files);
    }
    const found: DroppedFolder[] = [];
    for (const [top, files] of tops) {
      const own = root + top;
      for (const path of [...this.#files.keys()])
        if (path === own || path.startsWith(`${own}/`)) this.#files.delete(path);
      for (const [path, file] of files) this.#files.set(path === "" ? own : `${own}/${path}`, file);
      found.push(...(await findFolders(own, files)));
    }
    return found;
  }

  /** Null where there is no such file. */
  sizeBytes(path: string): number | null {
    return this.#files.get(path)?.size ?? null;
  }

  /** Bytes [startByte, endByte) of a file, fewer where it ends before. @throws Error with one sentence */
  async read(path: string, startByte = 0, endByte?: number): Promise<Uint8Array> {
    const file = this.#files.get(path);
    if (!file)
      throw new Error(
        `Expected ${path}, found no such file among what was dropped in this visit; drop its folder here again`,
      );
    try {
      return new Uint8Array(await file.slice(startByte, endByte).arrayBuffer());
    } catch (error) {
      // A handle is of the file as it was.
      throw new Error(
        `${path} was changed, moved or removed since it was dropped (${(error as Error).message}); drop its folder here again`,
      );
    }
  }

  /** The files below a folder, in order, by their paths from there; null where there is none. */
  list(path: string): string[] | null {
    const prefix = `${path.replace(/\/+$/, "")}/`;
    const below = [...this.#files.keys()].filter((name) => name.startsWith(prefix));
    return below.length === 0 ? null : below.map((name) => name.slice(prefix.length)).sort();
  }
}
