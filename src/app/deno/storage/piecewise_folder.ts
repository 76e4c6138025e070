import type { FileToZip } from "../../archive/zip_writer.ts";
import { exists, inWords, join, removeIfThere, syncFolder, writeAll } from "./durable_files.ts";
import { expectNewFolder } from "./run_folder.ts";

/**
 * Writes a new folder of files that are made while they are written: all of them or none. Until the last one is whole they
 * lie beside the folder's place, under another name.
 * @param stopped  asked between pieces; where it is true the files are removed
 * @returns false where it was stopped
 * @throws Error where something stands there already
 */
export async function writePiecewise(
  folder: string,
  files: AsyncIterable<FileToZip>,
  stopped: () => boolean,
): Promise<boolean> {
  await expectNewFolder(folder);
  const place = folder.replace(/[/\\]+$/, "");
  const beside = `${place}.writing-${Deno.pid}`;
  return inWords(folder, "write the files", async () => {
    await removeIfThere(beside);
    await Deno.mkdir(beside, { recursive: true });
    try {
      for await (const { name, bytes } of files) {
        const path = join(beside, name);
        await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
        if (!(await writePieces(path, bytes, stopped))) {
          await removeIfThere(beside);
          return false;
        }
      }
      // An empty folder may stand there.
      if (await exists(place)) await Deno.remove(place);
      await Deno.rename(beside, place);
      await syncFolder(place);
      return true;
    } catch (error) {
      await removeIfThere(beside).catch(() => {});
      throw error;
    }
  });
}

async function writePieces(path: string, bytes: FileToZip["bytes"], stopped: () => boolean): Promise<boolean> {
  const file = await Deno.open(path, { write: true, createNew: true });
  try {
    for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
      if (stopped()) return false;
      await writeAll(file, piece);
    }
    await file.sync();
    return true;
  } finally {
    file.close();
  }
}
