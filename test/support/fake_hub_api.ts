import type { RunMemory } from "../../src/app/memory/run_memory.ts";
import type { HubModel } from "../../src/app/network/hub_model.ts";
import type { FetchedFile, HubApi } from "../../src/app/worker_api/hub_api.ts";
import type { TaskProgress } from "../../src/app/worker_api/judge_api.ts";
import type { RunConfig } from "../../src/train/knobs.ts";

export const fakeCommit = "0123456789abcdef".repeat(3).slice(0, 40);

/** A Hub with models of two files each. The first fetch stands still after some bytes, the next one goes on from there. */
export class FakeHubApi implements HubApi {
  token: string | null = null;
  files: FetchedFile[] = [];
  #fetches = 0;
  readonly #memory: (config: RunConfig, memoryBytes: number | null) => Promise<RunMemory>;
  readonly #asked: string[];

  constructor(asked: string[], memory: (config: RunConfig, memoryBytes: number | null) => Promise<RunMemory>) {
    this.#asked = asked;
    this.#memory = memory;
  }

  async setToken(token: string | null): Promise<void> {
    if (token !== null && !/^[\x21-\x7e]*$/.test(token))
      throw new Error("The token must be a token of the Hub such as hf_...");
    this.token = token;
  }

  async model(model: string): Promise<HubModel> {
    this.#asked.push(`look ${model}`);
    if (model.startsWith("gated/") && this.token === null)
      throw new Error("The model gated/one is gated (401): accept its terms at https://huggingface.co/gated/one");
    const file = (path: string, sizeBytes: number) => ({ path, sizeBytes, sha256: "a".repeat(64) });
    const files = [
      file("model-1.safetensors", 3e9),
      file("model-2.safetensors", 1e9),
      { ...file("a.json", 3), sha256: null },
    ];
    return { commit: fakeCommit, licence: "apache-2.0", gated: model.startsWith("gated/"), files };
  }

  async kept(): Promise<FetchedFile[]> {
    return this.files;
  }

  async startFetch(model: string): Promise<void> {
    this.#asked.push(`fetch ${model}`);
    const { files } = await this.model(model);
    this.#fetches++;
    const before = this.files;
    this.files = files
      .filter(({ sha256 }) => sha256 !== null)
      .map(({ path, sizeBytes }) => ({
        path: `hf://${model}/${path}`,
        sizeBytes,
        doneBytes: before.find((one) => one.path.endsWith(path))?.doneBytes ?? 0,
        state: "waits",
      }));
  }

  async nextFetch(): Promise<TaskProgress<FetchedFile[], FetchedFile[]>> {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const at = this.files.findIndex(({ state }) => state !== "checked");
    if (at < 0) return { progress: this.files, result: this.files };
    const file = this.files[at]!;
    if (this.#fetches === 1 && file.doneBytes > 0) return { progress: this.files, result: null };
    const doneBytes = Math.min(file.sizeBytes, file.doneBytes + 5e8);
    const state = doneBytes === file.sizeBytes ? "checked" : "fetching";
    this.files = this.files.map((one, i) => (i === at ? { ...one, doneBytes, state } : one));
    return { progress: this.files, result: null };
  }

  async stopFetch(): Promise<void> {
    this.#asked.push("stop fetching");
  }

  memory(config: RunConfig, memoryBytes: number | null): Promise<RunMemory> {
    return this.#memory(config, memoryBytes);
  }
}
