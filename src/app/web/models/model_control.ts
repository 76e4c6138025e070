import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { RunMemory } from "../../memory/run_memory.ts";
import type { HubModel } from "../../network/hub_model.ts";
import type { FetchedFile } from "../../worker_api/hub_api.ts";
import type { RunApi } from "../../worker_api/run_api.ts";
import { presetOfModel } from "../labels/preset_name.ts";
import type { Store } from "../run/store.ts";
import { rememberedToken, rememberToken } from "./hub_token.ts";

/** A fetch of a model's weights into the browser, under way or over. */
export interface ModelFetch {
  model: string;
  files: readonly FetchedFile[];
  state: "fetching" | "done" | "stopped";
}

/** The memory of the card, as a person typed it. */
export interface CardMemory {
  readonly memoryGib: ReadonlySignal<number | null>;
  /** Returns what is wrong with what was typed. */
  setMemory(typed: string): string | null;
}

/**
 * What a run with a large model needs where the settings are those of a shipped one: an adapter, prompts that describe the tool,
 * longer turns, and fewer rollouts at once.
 */
const forLargeModels: Partial<RunConfig> = {
  loraRank: 16,
  prompt: "deepeyes",
  toolErrors: "answer",
  maxToolCalls: 4,
  firstTurnTokens: 512,
  nextTurnTokens: 512,
  responseTokens: 2048,
  maxPromptTokens: 2048,
  maxPixels: 1_000_000,
  tasksPerStep: 8,
  tasksPerRoll: 1,
};

/** Settings with another model in them. */
export function withModel(config: RunConfig, model: string): Partial<RunConfig> {
  const isShipped = !/[@/]/.test(model);
  if (isShipped || config.prompt !== "compact") return { model };
  const { loraRank, ...rest } = forLargeModels;
  return { model, ...rest, loraRank: config.loraRank || loraRank! };
}

/** The page's half of models: the token of the Hub, what the Hub says, fetching, what a model needs. */
export class ModelControl {
  /** Entered in this page, or remembered; it goes to the Hub alone. */
  readonly token: Signal<string> = signal(rememberedToken());
  readonly remembered: Signal<boolean> = signal(rememberedToken() !== "");
  readonly asking: Signal<boolean> = signal(false);
  readonly found: Signal<{ model: string; about: HubModel } | null> = signal(null);
  /** Why the last question or fetch failed. */
  readonly problem: Signal<string | null> = signal(null);
  readonly fetch: Signal<ModelFetch | null> = signal(null);
  /** By the model's name: what it takes under the settings that were asked with, or why that is not known. */
  readonly needs: Signal<ReadonlyMap<string, RunMemory | string>> = signal(new Map());
  readonly card: CardMemory;
  readonly #api: RunApi;
  readonly #store: Store;
  #asked = 0;

  constructor(api: RunApi, store: Store, card: CardMemory) {
    this.#api = api;
    this.#store = store;
    this.card = card;
    if (this.token.peek() !== "") void this.#send(this.token.peek());
  }

  async setToken(token: string): Promise<void> {
    if (!(await this.#send(token))) return;
    this.token.value = token;
    if (this.remembered.peek()) this.remembered.value = rememberToken(token) && token !== "";
  }

  /** Whether the token outlives this page. Returns whether it does. */
  remember(on: boolean): boolean {
    const kept = rememberToken(on ? this.token.peek() : "");
    this.remembered.value = kept && on && this.token.peek() !== "";
    if (on && !kept)
      this.#store.notices.add(
        "error",
        "The browser does not let this page keep the token; it lasts as long as the page",
      );
    return this.remembered.peek();
  }

  /** Puts a model into the settings, with what it needs beside it. Returns what is wrong. */
  use(model: string, setKnob: (key: keyof RunConfig, value: unknown) => string | null): string | null {
    for (const [key, value] of Object.entries(withModel(this.#store.config.peek(), model))) {
      const problem = setKnob(key as keyof RunConfig, value);
      if (problem !== null) return problem;
    }
    return null;
  }

  /** Asks the Hub what a model is. */
  async look(model: string): Promise<void> {
    this.problem.value = this.found.value = null;
    this.asking.value = true;
    try {
      const about = await this.#api.hub.model(model);
      this.found.value = { model, about };
    } catch (error) {
      this.problem.value = (error as Error).message;
    } finally {
      this.asking.value = false;
    }
  }

  /** Fetches a model's weights into the browser, on from what is there. */
  async fetchWeights(model: string): Promise<void> {
    if (this.fetch.peek()?.state === "fetching") return;
    this.problem.value = null;
    const begun: ModelFetch = { model, files: [], state: "fetching" };
    this.fetch.value = begun;
    try {
      await this.#api.hub.startFetch(model);
      while (this.fetch.peek()?.state === "fetching") {
        const { progress, result } = await this.#api.hub.nextFetch();
        if (this.fetch.peek()?.state !== "fetching") break;
        this.fetch.value = { model, files: result ?? progress, state: result === null ? "fetching" : "done" };
      }
    } catch (error) {
      this.problem.value = (error as Error).message;
      const now = this.fetch.peek();
      if (now) this.fetch.value = { ...now, state: "stopped" };
    }
  }

  async stopFetch(): Promise<void> {
    const now = this.fetch.peek();
    if (now?.state !== "fetching") return;
    this.fetch.value = { ...now, state: "stopped" };
    await this.#api.hub.stopFetch().catch((error) => this.#store.notices.error(error));
  }

  /** Counts what a run takes with each of these models, one after the other, until the settings or the card are others. */
  async count(models: readonly string[]): Promise<void> {
    const asked = ++this.#asked;
    const config = this.#store.config.peek();
    const gib = this.card.memoryGib.peek();
    const found = new Map<string, RunMemory | string>();
    this.needs.value = found;
    for (const model of models) {
      let need: RunMemory | string;
      try {
        const { seed, preset } = config;
        // Shipped models have presets of their own.
        const itsPreset = /[@/]/.test(model) ? preset : presetOfModel(model);
        const base = /[@/]/.test(model) ? config : resolveConfig({ preset: itsPreset, seed });
        const wanted = { ...base, ...withModel(base, model), preset: itsPreset };
        need = await this.#api.hub.memory(wanted, gib === null ? null : gib * 2 ** 30);
      } catch (error) {
        need = (error as Error).message;
      }
      if (asked !== this.#asked) return;
      found.set(model, need);
      this.needs.value = new Map(found);
    }
  }

  /** No more is counted. */
  stopCounting(): void {
    this.#asked++;
  }

  /** False where it cannot be a token. */
  async #send(token: string): Promise<boolean> {
    try {
      await this.#api.hub.setToken(token === "" ? null : token);
      return true;
    } catch (error) {
      this.problem.value = (error as Error).message;
      return false;
    }
  }
}
