import { type Signal, signal } from "@preact/signals";
import type { RunApi } from "../../worker_api/run_api.ts";

/** The text of each token that stands for a piece of a picture. */
export const imageText = "<|image_pad|>";

/** Texts of token ids, of one model at a time, asked for once each. */
export class TokenTexts {
  readonly known: Signal<ReadonlyMap<number, string>> = signal(new Map());
  /** Why a model's texts cannot be had. */
  readonly problem: Signal<{ model: string; sentence: string } | null> = signal(null);
  readonly #api: Pick<RunApi, "texts">;
  readonly #asked = new Set<number>();
  #model = "";

  constructor(api: Pick<RunApi, "texts">) {
    this.#api = api;
  }

  /** Forgets what is known: another folder may have come under a model's name. */
  forget(): void {
    this.#model = "";
    this.problem.value = null;
  }

  /** Makes the texts of these tokens known, soon; or `problem`, where the worker cannot. */
  async ask(tokens: Iterable<number>, model: string): Promise<void> {
    if (model !== this.#model) {
      this.#model = model;
      this.#asked.clear();
      this.known.value = new Map();
    }
    const missing = [...new Set(tokens)].filter((token) => !this.#asked.has(token));
    if (missing.length === 0) return;
    for (const token of missing) this.#asked.add(token);
    try {
      const texts = await this.#api.texts(missing, model);
      // Another model's tokens were asked for meanwhile.
      if (model !== this.#model) return;
      this.problem.value = null;
      this.known.value = new Map([...this.known.value, ...missing.map((token, i) => [token, texts[i] ?? ""] as const)]);
    } catch (error) {
      if (model !== this.#model) return;
      for (const token of missing) this.#asked.delete(token);
      this.problem.value = { model, sentence: (error as Error).message };
    }
  }
}
