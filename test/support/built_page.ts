import { spawnSync } from "node:child_process";

/** Builds the page into a folder of its own, as `npm start` does. @returns the folder; the caller removes it */
export async function buildPage(): Promise<string> {
  const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);
  const folder = await Deno.makeTempDir();
  const { status, stderr } = spawnSync(
    "node",
    ["node_modules/vite/bin/vite.js", "build", "--outDir", folder, "--emptyOutDir", "--logLevel", "error"],
    // Tests have another one, for which Vite builds what the development server shows.
    { cwd: root, encoding: "utf8", timeout: 120_000, env: { ...Deno.env.toObject(), NODE_ENV: "production" } },
  );
  if (status !== 0) throw new Error(`The page was not built: ${stderr}`);
  return folder;
}
