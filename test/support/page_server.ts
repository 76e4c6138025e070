import { endProcess } from "../../src/app/deno/processes/end_process.ts";

/** The page's folder, served by Node in a program of its own, as `npm start` does. */
export interface PageServer {
  /** With a slash at the end. */
  address: string;
  close(): Promise<void>;
}

const serving = new URL("../../src/app/serve/static_server.mjs", import.meta.url).href;

/** @throws Error where Node does not start */
export async function startPageServer(folder: string): Promise<PageServer> {
  const code = `import { serveFolder } from ${JSON.stringify(serving)};
console.log((await serveFolder(${JSON.stringify(folder)}, 0)).address);`;
  const process = new Deno.Command("node", {
    args: ["--input-type=module", "--eval", code],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(process.stderr).text();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let printed = "";
  while (!printed.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Node did not serve ${folder}: ${await errors}`);
    printed += value;
  }
  return {
    address: printed.trim(),
    close: async () => {
      endProcess(process, "SIGKILL");
      await process.status;
      await reader.cancel();
      await errors;
    },
  };
}
