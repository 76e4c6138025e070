import { afterAll, describe, expect, test } from "vitest";
import { parity } from "../../src/app/parity/parity.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import type { CheckpointFiles } from "../../src/model/checkpoint_files.ts";

/** A folder of test/golden, as Vite serves it beside the test. */
function served(name: string): CheckpointFiles {
  const files = new Map<string, Promise<Uint8Array | null>>();
  const whole = (file: string): Promise<Uint8Array | null> => {
    const fetched = files.get(file) ?? fetchFile(new URL(`/test/golden/${name}/${file}`, location.origin));
    files.set(file, fetched);
    return fetched;
  };
  return {
    read: async (file, start, end) => {
      const bytes = await whole(file);
      if (!bytes) throw new Error(`Expected ${file} in test/golden/${name}, found none`);
      return bytes.slice(start, end);
    },
    sizeBytes: async (file) => (await whole(file))?.length ?? null,
  };
}

async function fetchFile(address: URL): Promise<Uint8Array | null> {
  const answer = await fetch(address);
  // What Vite does not find it answers with a page.
  if (!answer.ok || answer.headers.get("content-type")?.startsWith("text/html")) return null;
  return new Uint8Array(await answer.arrayBuffer());
}

const hasAdapter = Boolean(await navigator.gpu?.requestAdapter());

/** One device for both: their kernels are mostly the same. */
const gpu = hasAdapter ? await Gpu.open(navigator.gpu) : null;
afterAll(() => gpu?.close());

/** One folder of each family, with their adapters: forward, every gradient, greedy text with the cache, LoRA. */
describe.each([
  ["qwen3-plain", 19],
  ["qwen25-published", 19],
])("%s in Chromium", (name, quantities) => {
  test("equals transformers and PEFT in every quantity", async (context) => {
    if (!gpu)
      return context.skip("Chromium finds no WebGPU adapter here, not even a software one; nothing can be compared");
    const wrong: string[] = [];
    let compared = 0;
    for await (const { quantity, passed, error, tolerance, note } of parity(gpu, served(name))) {
      compared++;
      if (!passed) wrong.push(`${quantity}: ${error} of ${tolerance.limit} ${tolerance.measure}; ${note}`);
    }
    gpu.check();
    expect(wrong).toEqual([]);
    expect(compared).toBe(quantities);
  });
});
