import type { Pixels } from "../../../image/pixels.ts";
import { renderWindow, wholeScene } from "../../../tasks/scenes/render.ts";
import { problemOf } from "../../../tasks/sources/scenes.ts";
import type { Task } from "../../../tasks/task.ts";
import { type SceneSettings, usualScenes } from "../../../tasks/worlds/world.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { RunApi } from "../../worker_api/run_api.ts";

/** Bytes of pictures that are kept: 80 of 512 x 512, or five of 2,048 x 2,048. */
const mostKeptBytes = 64 * 2 ** 20;

const bytesOf = (pictures: readonly Pixels[]): number => pictures.reduce((sum, { data }) => sum + data.byteLength, 0);

const sceneKnobs = Object.keys(usualScenes) as (keyof SceneSettings)[];

interface Request {
  task: Task;
  config: RunConfig;
  key: string;
  resolve(pictures: Pixels[]): void;
  reject(error: unknown): void;
}

/**
 * Pictures of tasks, made by the worker when someone looks. One at a time and the latest request first, so that a fast
 * run is not held up by thumbnails of steps that are over.
 */
export class Pictures {
  readonly #api: Pick<RunApi, "pictures">;
  readonly #kept = new Map<string, Pixels[]>();
  #waiting: Request[] = [];
  #working = false;

  constructor(api: Pick<RunApi, "pictures">) {
    this.#api = api;
  }

  /** Pictures depend on these knobs, and two runs may share a task's id. */
  keyOf(task: Task, config: RunConfig): string {
    if (config.data) return [task.id, config.data, config.maxSourcePixels].join(" ");
    return [task.id, ...sceneKnobs.map((knob) => config[knob])].join(" ");
  }

  /** The task's pictures if they are here already. */
  peek(task: Task, config: RunConfig): Pixels[] | undefined {
    return this.#kept.get(this.keyOf(task, config));
  }

  /**
   * A small copy of the picture of a generated task, rendered at that size: no worker is asked, and a scene of 2,048 px
   * takes no longer than one of 512. Null where the task is of other data.
   */
  small(task: Task, config: RunConfig, sidePx: number): Pixels | null {
    if (config.data !== "") return null;
    const kept = this.peekSmall(task, config, sidePx);
    if (kept) return kept;
    try {
      const { scene } = problemOf(task.id, config);
      const picture = renderWindow(scene, wholeScene(scene), sidePx);
      this.#keep(this.#smallKey(task, config, sidePx), [picture]);
      return picture;
    } catch {
      // What is no scene, a log that was changed by hand: asking for it says what is wrong.
      return null;
    }
  }

  /** The small copy if it is here already. */
  peekSmall(task: Task, config: RunConfig, sidePx: number): Pixels | null {
    return this.#kept.get(this.#smallKey(task, config, sidePx))?.[0] ?? null;
  }

  #smallKey(task: Task, config: RunConfig, sidePx: number): string {
    return `${sidePx} px ${this.keyOf(task, config)}`;
  }

  /** Forgets all: files that pictures were read from may have been replaced. */
  forget(): void {
    this.#kept.clear();
  }

  /** Asks for the task's pictures; `signal` withdraws the request, and the promise then stays open. */
  ask(task: Task, config: RunConfig, signal: AbortSignal): Promise<Pixels[]> {
    const key = this.keyOf(task, config);
    const kept = this.#kept.get(key);
    if (kept) return Promise.resolve(kept);
    return new Promise((resolve, reject) => {
      const request = { task, config, key, resolve, reject };
      this.#waiting.push(request);
      signal.addEventListener("abort", () => {
        this.#waiting = this.#waiting.filter((other) => other !== request);
      });
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let request = this.#waiting.pop(); request; request = this.#waiting.pop()) {
      const { key, task, config, resolve, reject } = request;
      try {
        const pictures = this.#kept.get(key) ?? (await this.#api.pictures(task, config));
        this.#keep(key, pictures);
        resolve(pictures);
      } catch (error) {
        reject(error);
      }
    }
    this.#working = false;
  }

  #keep(key: string, pictures: Pixels[]): void {
    this.#kept.delete(key);
    this.#kept.set(key, pictures);
    let bytes = [...this.#kept.values()].reduce((sum, one) => sum + bytesOf(one), 0);
    for (const [oldest, given] of this.#kept) {
      if (bytes <= mostKeptBytes || oldest === key) break;
      bytes -= bytesOf(given);
      this.#kept.delete(oldest);
    }
  }
}
