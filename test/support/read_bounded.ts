/**
 * Run as a process of its own: reads one file as the product does and says what became of it, the processor time and how
 * far its memory grew. Arguments: "picture" or "rows", and the file.
 */

import { openSource } from "../../src/app/data/sources.ts";
import { peakBytes, processorMs } from "../../src/app/deno/fuzz/process_memory.ts";
import { openDenoPlatform } from "../../src/app/deno/platform.ts";
import { decode } from "../../src/image/decode.ts";
import { recipeBudget } from "../../src/tasks/rows/picture_budget.ts";
import { lookAt } from "../../src/tasks/sources/file_tasks.ts";

const [kind, file] = Deno.args as ["picture" | "rows", string];
const settings = { budget: recipeBudget, charts: true, textOnly: true, maxPromptTokens: 8192 };

async function read(): Promise<string> {
  if (kind === "picture") {
    const { width, height } = await decode(await Deno.readFile(file));
    return `${width} x ${height}`;
  }
  const source = await openSource(file, await openDenoPlatform(false));
  const outcome: string[] = [];
  for (let i = 0; i < Math.min(source.rows, 3); i++)
    outcome.push((await lookAt(source, i, settings)).found.skip?.why ?? "kept");
  return outcome.join("\n");
}

const before = await peakBytes(Deno.pid);
const startMs = await processorMs(Deno.pid);
const outcome = await read().catch((error: Error) => `${error.name}: ${error.message}`);
const endMs = await processorMs(Deno.pid);
console.log(
  JSON.stringify({
    outcome,
    grownBytes: (await peakBytes(Deno.pid)) - before,
    processorMs: endMs === null || startMs === null ? 0 : endMs - startMs,
  }),
);
Deno.exit(0);
