import type { ByteSource } from "../../../tasks/byte_source.ts";

/** A file that is read in ranges. @param what  it is, for errors @throws Error with one sentence where there is none */
export async function openFileSource(path: string, what = "a file"): Promise<ByteSource & { close(): void }> {
  const file = await Deno.open(path, { read: true }).catch((error) => {
    throw new Error(
      `Expected ${what} at ${path}, found ${error instanceof Deno.errors.NotFound ? "none" : (error as Error).message}`,
    );
  });
  const { size, isDirectory } = await file.stat();
  if (isDirectory) {
    file.close();
    throw new Error(`Expected ${what} at ${path}, found a folder`);
  }
  return {
    name: path.split(/[/\\]/).at(-1)!,
    sizeBytes: size,
    read: async (startByte, endByte) => {
      const into = new Uint8Array(endByte - startByte);
      await file.seek(startByte, 0);
      for (let at = 0; at < into.length; ) {
        const count = await file.read(into.subarray(at));
        if (count === null) throw new Error(`${path} became shorter while it was read`);
        at += count;
      }
      return into;
    },
    close: () => file.close(),
  };
}
