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
  const written = <T>(work: () => Promise<T>): Promise<T> => inWords(folder, "write the files", work);
  try {
    await written(async () => {
      await removeIfThere(beside);
      await Deno.mkdir(beside, { recursive: true });
    });
    for await (const { name, bytes } of files) {
      const path = join(beside, name);
      const file = await written(async () => {
        await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
        return Deno.open(path, { write: true, createNew: true });
      });
      try {
        // What the making of a piece throws has its own sentence.
        for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
          if (stopped()) return await left(beside);
          await written(() => writeAll(file, piece));
        }
        await written(() => file.sync());
      } finally {
        file.close();
      }
    }
    await written(async () => {
      // An empty folder may stand there.
      if (await exists(place)) await Deno.remove(place);
      await Deno.rename(beside, place);
      await syncFolder(place);
    });
    return true;
  } catch (error) {
    await removeIfThere(beside).catch(() => {});
    throw error;
  }
}

/** Removes what was written so far. */
async function left(beside: string): Promise<false> {
  await removeIfThere(beside);
  return false;
}
