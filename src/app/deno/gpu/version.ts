const root = new URL("../../../../", import.meta.url);

async function fieldOf(path: string, field: string): Promise<string> {
  const json = JSON.parse(await Deno.readTextFile(new URL(path, root))) as Record<string, unknown>;
  return String(json[field] ?? "");
}

/** What runs our WGSL: e.g. "Deno 2.9.6 with Dawn (npm webgpu 0.6.2) on linux". */
export async function runtimeText(gpu: GPU | null): Promise<string> {
  const dawn = async () => `Dawn (npm webgpu ${await fieldOf("node_modules/webgpu/package.json", "version")})`;
  return `Deno ${Deno.version.deno} with ${gpu === globalThis.navigator?.gpu ? "its own WebGPU" : await dawn()} on ${Deno.build.os}`;
}

/** Our version, with the commit where the program runs in a clone. */
export async function versionText(): Promise<string> {
  const version = await fieldOf("package.json", "version");
  const commit = await commitOf(new URL(".git/", root));
  return commit === null ? version : `${version} (${commit.slice(0, 10)})`;
}

/** Null where there is no clone, or one that keeps its commits in another way. */
async function commitOf(git: URL): Promise<string | null> {
  const read = async (path: string): Promise<string | null> => {
    try {
      return (await Deno.readTextFile(new URL(path, git))).trim();
    } catch {
      return null;
    }
  };
  const head = await read("HEAD");
  const reference = /^ref: (.+)$/.exec(head ?? "")?.[1];
  if (reference === undefined) return head;
  const packed = (await read("packed-refs"))?.split("\n").find((line) => line.endsWith(` ${reference}`));
  return (await read(reference)) ?? packed?.split(" ")[0] ?? null;
}
