import type { DroppedFolder, GivenFile } from "../../worker_api/dropped_folder.ts";
import { findFolders } from "./dropped_kinds.ts";

const root = "dropped/";

/** Whether a path stands for something that a person gave the page. */
export const isDropped = (path: string): boolean => path.startsWith(root);

/** "dropped/rows (2).jsonl", "dropped/7 files (2)" */
const withNumber = (name: string, number: number): string => {
  const [, stem, ending] = /^(.*?)(\.\w+)?$/s.exec(name)!;
  return `${stem} (${number})${ending ?? ""}`;
};

/** What a person gave the page in this visit. Files are kept as handles and read slice by slice, never whole. */
export class DroppedFiles {
  readonly #files = new Map<string, File>();
  /** What was kept from earlier visits is there once this is. */
  restored: Promise<void> = Promise.resolve();

  /**
   * Takes files under `dropped/<name>/...`. Several files without a folder become one. What had the same name before is
   * replaced, unless a run reads it and it is another: that gets a name of its own.
   * @param isRead  whether a run reads from a path, or below it
   * @returns what was found, a folder that can be used in each
   */
  async add(given: readonly GivenFile[], isRead: (path: string) => boolean = () => false): Promise<DroppedFolder[]> {
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
      const own = this.#nameFor(root + top, files, isRead);
      for (const path of [...this.#files.keys()])
        if (path === own || path.startsWith(`${own}/`)) this.#files.delete(path);
      for (const [path, file] of files) this.#files.set(path === "" ? own : `${own}/${path}`, file);
      found.push(...(await findFolders(own, files)));
    }
    return found;
  }

  /** The name, or where a run reads other files under it, the first free one. */
  #nameFor(name: string, files: ReadonlyMap<string, File>, isRead: (path: string) => boolean): string {
    for (let i = 1; ; i++) {
      const own = i === 1 ? name : withNumber(name, i);
      if (!this.has(own) || !isRead(own) || this.#isSame(own, files)) return own;
    }
  }

  /** What a handle reports: who replaces a file's content changes its time. */
  #isSame(own: string, files: ReadonlyMap<string, File>): boolean {
    const now = new Map<string, File>();
    for (const [path, file] of this.#files)
      if (path === own || path.startsWith(`${own}/`)) now.set(path.slice(own.length + 1), file);
    return (
      now.size === files.size &&
      [...files].every(([path, { size, lastModified }]) => {
        const file = now.get(path);
        return file?.size === size && file.lastModified === lastModified;
      })
    );
  }

  /** A file that the browser keeps, under a path of its own. */
  keep(path: string, content: Blob): void {
    this.#files.set(path, new File([content], path.slice(path.lastIndexOf("/") + 1)));
  }

  /** Whether there is a file of that path, or files below it. */
  has(path: string): boolean {
    return this.#files.has(path) || this.list(path) !== null;
  }

  /** Files get a second name: what lies at or below the first lies there as well. */
  alsoName(first: string, second: string): void {
    const file = this.#files.get(first) ?? this.#files.get(`${first}/${second.slice(second.lastIndexOf("/") + 1)}`);
    // A file that stands for itself, whether it was dropped alone or in a folder.
    if (file && /\.\w+$/.test(second)) this.#files.set(second, file);
    else if (file) this.#files.set(`${second}/${first.slice(first.lastIndexOf("/") + 1)}`, file);
    for (const path of this.list(first) ?? [])
      this.#files.set(`${second}/${path}`, this.#files.get(`${first}/${path}`)!);
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
