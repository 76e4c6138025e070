import type { Platform } from "../../../platform.ts";
import { RunningSha256 } from "../../../tasks/running_sha256.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { RunMemory } from "../../memory/run_memory.ts";
import type { HubFile, HubModel } from "../../network/hub_model.ts";
import { hubPath, hubText, readHubPath } from "../../network/hub_path.ts";
import type { NetworkFiles } from "../../network/network_files.ts";
import type { FetchedFile, HubApi } from "../../worker_api/hub_api.ts";
import type { TaskProgress } from "../../worker_api/judge_api.ts";
import { LongTask } from "./long_task.ts";
import type { WeightStore } from "./weight_store.ts";

/** What the worker has of the network. */
export interface HubParts {
  network: Pick<NetworkFiles, "setToken" | "model">;
  weights: WeightStore;
}

/** The worker's half of models of the Hub. */
export class HubWorker implements HubApi {
  readonly #platform: Platform;
  readonly #parts: HubParts | null;
  #fetch: LongTask<FetchedFile[], FetchedFile[]> | null = null;

  /** @param parts null where there is no network */
  constructor(platform: Platform, parts: HubParts | null) {
    this.#platform = platform;
    this.#parts = parts;
  }

  async setToken(token: string | null): Promise<void> {
    this.#network().network.setToken(token ?? "");
  }

  async model(model: string): Promise<HubModel> {
    return this.#network().network.model(pathOf(model));
  }

  async kept(model: string): Promise<FetchedFile[]> {
    const { weights } = this.#network();
    const files = await this.#weightFiles(model);
    return Promise.all(
      files.map(async ({ place, sizeBytes, sha256 }): Promise<FetchedFile> => {
        const kept = await weights.kept(place);
        const doneBytes = kept?.keptBytes ?? 0;
        const isChecked = sha256 !== null && kept?.sha256 === sha256 && doneBytes === sizeBytes;
        return { path: place, sizeBytes, doneBytes, state: isChecked ? "checked" : "waits" };
      }),
    );
  }

  async startFetch(model: string): Promise<void> {
    const { weights } = this.#network();
    this.#fetch?.stop();
    this.#fetch = new LongTask<FetchedFile[], FetchedFile[]>([], async (report, signal) => {
      const files = await this.#weightFiles(model);
      const all = await this.kept(model);
      report(all);
      for (const [i, { place, sha256 }] of files.entries()) {
        const now = (change: Partial<FetchedFile>) => {
          all[i] = { ...all[i]!, ...change };
          report([...all]);
        };
        if (all[i]!.state === "checked") continue;
        const before = all[i]!.doneBytes;
        now({ state: "fetching" });
        const sum = new RunningSha256();
        let read = 0;
        for await (const bytes of weights.pieces(place)) {
          if (signal.aborted) return all;
          sum.add(bytes);
          read += bytes.length;
          now({ doneBytes: Math.max(before, read) });
        }
        const found = sum.hex();
        if (sha256 !== null && found !== sha256) {
          await weights.forget(place);
          throw new Error(
            `${place}: expected the bytes that the Hub names (SHA-256 ${sha256.slice(0, 12)}…), found others (${found.slice(0, 12)}…); they were removed, fetch them again`,
          );
        }
        if (sha256 !== null) await weights.setChecked(place, sha256);
        now({ state: sha256 === null ? "whole" : "checked" });
      }
      return all;
    });
  }

  async nextFetch(): Promise<TaskProgress<FetchedFile[], FetchedFile[]>> {
    if (!this.#fetch) throw new Error("Nothing is being fetched; start it");
    return this.#fetch.next();
  }

  async stopFetch(): Promise<void> {
    this.#fetch?.stop();
    this.#fetch = null;
  }

  async memory(config: RunConfig, memoryBytes: number | null): Promise<RunMemory> {
    // What it imports of models and training comes with the session.
    const { runMemory } = await import("../../memory/run_memory.ts");
    // Whether it fits is wanted, not what would help.
    return runMemory(config, this.#platform, { memoryBytes, mayFetch: false, stopping: () => true, asCard: true });
  }

  #network(): HubParts {
    if (!this.#parts) throw new Error("There is no network here to ask the Hub by");
    return this.#parts;
  }

  /** Those that are kept: small files come again with the model. */
  async #weightFiles(model: string): Promise<(HubFile & { place: string })[]> {
    const place = readHubPath(pathOf(model));
    const { files, commit } = await this.model(model);
    const pinned = commit === "" ? place : { ...place, revision: commit };
    const found = files.filter(({ path }) => /^[^/]*\.safetensors$/.test(path));
    if (found.length === 0)
      throw new Error(
        `${model} has no weights in safetensors files; choose a repository with a Hugging Face checkpoint`,
      );
    return found.map((file) => ({ ...file, place: hubText({ ...pinned, path: file.path }) }));
  }
}

function pathOf(model: string): string {
  const path = hubPath(model.trim(), "models");
  if (path === null)
    throw new Error(`Expected a model of the Hub such as Qwen/Qwen2.5-VL-3B-Instruct@main, found "${model}"`);
  return path;
}
