import { exists } from "./durable_files.ts";

/** Looked at before anything is done: minutes of work should not end in a file that cannot be written. @throws Error where it is there */
export async function expectNewFile(path: string): Promise<void> {
  if (await exists(path))
    throw new Error(`Expected the name of a new file, found that ${path} is there already; move it, or name another`);
  const folder = /^(.*)[/\\]/.exec(path)?.[1] ?? ".";
  if (!(await exists(folder || "/")))
    throw new Error(`Expected a folder ${folder} to write ${path} into, found none; make it, or name another file`);
}
