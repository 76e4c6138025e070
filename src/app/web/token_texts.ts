import { type Signal, signal } from "@preact/signals";
import type { RunApi } from "../api.ts";

/** Texts of token ids, of one model at a time, asked for once each. */
export class TokenTexts {
  readonly known: Signal<ReadonlyMap<number, string>> = signal(new Map());
  readonly #api: Pick<RunApi, "texts">;
  readonly #asked = new Set<number>();
  #model = "";

  constructor(api: Pick<RunApi, "texts">) {
    this.#api = api;
  }

  /** Makes the texts of these tokens known, soon. @throws what the worker says where it cannot. */
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
      this.known.value = new Map([...this.known.value, ...missing.map((token, i) => [token, texts[i] ?? ""] as const)]);
    } catch (error) {
      if (model === this.#model) for (const token of missing) this.#asked.delete(token);
      throw error;
    }
  }
}
