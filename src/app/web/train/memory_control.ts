import { type Signal, signal } from "@preact/signals";
import type { RunConfig } from "../../../train/knobs.ts";
import type { RunMemory } from "../../memory/run_memory.ts";
import type { RunApi } from "../../worker_api/run_api.ts";
import type { Store } from "../run/store.ts";

const key = "saccade.gpu-memory";
/** The estimate begins once the settings have not changed for this long. */
const settledMs = 800;

/** Storage may be forbidden; the number then lasts as long as the page. */
function stored(): number | null {
  try {
    const value = Number(localStorage.getItem(key));
    return value > 0 ? value : null;
  } catch {
    return null;
  }
}

/** The page's half of the estimate of memory, which is repeated after every change while nothing runs. */
export class MemoryControl {
  /** Of the card, as the person typed it; WebGPU does not report it. */
  readonly memoryGib: Signal<number | null> = signal(stored());
  readonly estimate: Signal<{ of: RunConfig; memory: RunMemory } | null> = signal(null);
  /** Why there is no estimate. */
  readonly problem: Signal<string | null> = signal(null);
  readonly #api: RunApi;
  readonly #store: Store;
  #asked = 0;

  constructor(api: RunApi, store: Store) {
    this.#api = api;
    this.#store = store;
  }

  /** Asks after every change, until the returned function is called. */
  watch(): () => void {
    let timer: ReturnType<typeof setTimeout>;
    const settle = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void this.#ask(), settledMs);
    };
    const { config, player, busy } = this.#store;
    const ends = [config, player, busy, this.memoryGib].map((one: { subscribe(listener: () => void): () => void }) =>
      one.subscribe(settle),
    );
    return () => {
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }

  /** Returns what is wrong with what was typed. */
  setMemory(typed: string): string | null {
    const value = Number(typed);
    if (typed.trim() !== "" && !(value > 0 && value <= 4096)) return `expected GiB of the card, found "${typed}"`;
    this.memoryGib.value = typed.trim() === "" ? null : value;
    try {
      if (this.memoryGib.value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, String(value));
    } catch {
      // see stored()
    }
    return null;
  }

  /** The worker does one thing at a time: a run or a model that is loading is not kept waiting. */
  async #ask(): Promise<void> {
    const { config, player, busy, warmup } = this.#store;
    const isBusy = busy.peek() !== null || warmup.peek().running || ["playing", "stepping"].includes(player.peek());
    if (isBusy) return;
    const asked = ++this.#asked;
    const of = config.peek();
    const gib = this.memoryGib.peek();
    try {
      const memory = await this.#api.memory(of, gib === null ? null : gib * 2 ** 30);
      if (asked !== this.#asked) return;
      this.estimate.value = { of, memory };
      this.problem.value = null;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.estimate.value = null;
      this.problem.value = (error as Error).message;
    }
  }
}
