import { afterEach, expect, test } from "vitest";
import { HubWorker } from "../../src/app/web/worker/hub_worker.ts";
import { WeightStore } from "../../src/app/web/worker/weight_store.ts";
import type { FetchedFile } from "../../src/app/worker_api/hub_api.ts";
import type { Platform } from "../../src/platform.ts";
import { sha256 } from "../../src/tasks/sha256.ts";

const pieceBytes = 2 ** 14;
const commit = "a".repeat(40);
const content = Uint8Array.from({ length: 3 * pieceBytes + 5 }, (_, i) => (i * 2654435761) >>> 24);
const storage = await navigator.storage.getDirectory();
const root = () => storage.getDirectoryHandle("weights of the hub's test", { create: true });
afterEach(() => storage.removeEntry("weights of the hub's test", { recursive: true }).catch(() => {}));

/** A Hub with a model of two files, of which the bytes sum up to `sum`. */
function hub(sum: string, sent = content) {
  const fetched: string[] = [];
  const file = (path: string) => ({ path, sizeBytes: content.length, sha256: sum });
  const network = {
    setToken: () => {},
    model: async () => ({
      commit,
      licence: null,
      gated: false,
      files: [
        file("model-1.safetensors"),
        file("model-2.safetensors"),
        { path: "config.json", sizeBytes: 3, sha256: null },
      ],
    }),
  };
  const source = {
    sizeBytes: async () => sent.length,
    version: async (path: string) => ({ commit, mark: path }),
    read: async (path: string, start = 0, end = sent.length) => {
      fetched.push(`${path} ${start}`);
      return sent.slice(start, end);
    },
  };
  const worker = new HubWorker({} as Platform, { network, weights: new WeightStore(source, root, pieceBytes) });
  return { worker, fetched };
}

async function fetchAll(worker: HubWorker): Promise<FetchedFile[]> {
  await worker.startFetch("a/model@main");
  for (;;) {
    const { result } = await worker.nextFetch();
    if (result) return result;
  }
}

test("weights are fetched at the commit, checked against the Hub's sums, and not fetched again", async () => {
  const sum = await sha256(content);
  const { worker, fetched } = hub(sum);
  expect((await worker.kept("a/model@main")).map(({ doneBytes }) => doneBytes)).toEqual([0, 0]);
  const files = await fetchAll(worker);
  expect(files).toEqual(
    ["model-1", "model-2"].map((name) => ({
      path: `hf://a/model@${commit}/${name}.safetensors`,
      sizeBytes: content.length,
      doneBytes: content.length,
      state: "checked",
    })),
  );
  expect(fetched).toHaveLength(8);
  const again = hub(sum);
  expect((await fetchAll(again.worker)).map(({ state }) => state)).toEqual(["checked", "checked"]);
  expect(again.fetched).toEqual([]);
});

test("bytes that are not those that the Hub names are said and removed", async () => {
  const { worker } = hub(
    await sha256(content),
    content.map((byte) => byte ^ 1),
  );
  await expect(fetchAll(worker)).rejects.toThrow(
    /^hf:\/\/a\/model@a+\/model-1\.safetensors: expected the bytes .* were removed, fetch them again$/,
  );
  expect((await worker.kept("a/model@main"))[0]!.doneBytes).toBe(0);
});

test("what is no model of the Hub is said so", async () => {
  await expect(hub("").worker.model("needle")).rejects.toThrow(
    'Expected a model of the Hub such as Qwen/Qwen2.5-VL-3B-Instruct@main, found "needle"',
  );
  await expect(hub("").worker.nextFetch()).rejects.toThrow("Nothing is being fetched");
  await expect(new HubWorker({} as Platform, null).setToken("x")).rejects.toThrow("no network");
});
