import { largestSeedBytes, type Seed } from "../../fuzz/cases.ts";

/** Real files below some folders, from which mutations begin. A gzip'ed log is unpacked; long ones are cut to their first lines. */
export async function readSeeds(folders: readonly string[]): Promise<Seed[]> {
  const found: Seed[] = [];
  for (const folder of folders) {
    for (const path of await filesBelow(folder)) {
      const at = path.lastIndexOf("/");
      const sibling = async (name: string) => {
        try {
          return await Deno.readFile(`${path.slice(0, at)}/${name}`);
        } catch {
          return null;
        }
      };
      const bytes = await unpacked(path);
      if (bytes.length <= largestSeedBytes) found.push({ path, bytes, sibling });
    }
  }
  return found;
}

async function filesBelow(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    if (isDirectory) paths.push(...(await filesBelow(`${folder}/${name}`)));
    if (isFile) paths.push(`${folder}/${name}`);
  }
  return paths.sort();
}

async function unpacked(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await Deno.readFile(path);
  if (!path.endsWith(".gz")) return bytes;
  const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  let end = 0;
  for (let next = 0; next >= 0 && next <= largestSeedBytes; next = text.indexOf("\n", end)) end = next + 1;
  return new TextEncoder().encode(text.slice(0, end));
}
