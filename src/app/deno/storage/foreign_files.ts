import type { ByteSource } from "../../../tasks/byte_source.ts";
import { type ForeignLog, readForeign } from "../../foreign_log/read_foreign.ts";

/** Files of one folder: a run of verl or TRL has one for each step. */
const mostFiles = 100_000;

/** The log of another program at a path, a file or a folder; null where there is a run of ours, or neither. */
export async function openForeign(path: string): Promise<ForeignLog | null> {
  const found = await Deno.stat(path).catch(() => null);
  if (!found) return null;
  if (!found.isDirectory) return readForeign([fileAt(path, found.size)]);
  const folder = path.replace(/[/\\]+$/, "");
  const files: ByteSource[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (name === "events.jsonl") return null;
    if (isFile && files.length < mostFiles)
      files.push(fileAt(`${folder}/${name}`, (await Deno.stat(`${folder}/${name}`)).size));
  }
  return readForeign(files);
}

const fileAt = (path: string, sizeBytes: number): ByteSource => ({
  name: path.split(/[/\\]/).at(-1)!,
  sizeBytes,
  read: async (startByte, endByte) => {
    const file = await Deno.open(path, { read: true });
    try {
      await file.seek(startByte, 0);
      const into = new Uint8Array(endByte - startByte);
      for (let at = 0; at < into.length; ) {
        const count = await file.read(into.subarray(at));
        if (count === null) throw new Error(`${path} became shorter while it was read`);
        at += count;
      }
      return into;
    } finally {
      file.close();
    }
  },
});
