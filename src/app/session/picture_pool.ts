import { type Remote, releaseProxy, wrap } from "comlink";
import type { Pixels } from "../../image/pixels.ts";
import { type LessonRow, type Lessons, lessonKinds } from "../../tasks/scenes/lessons.ts";
import type { NeedleSettings } from "../../tasks/sources/needle.ts";
import { type PictureWork, pictureWork } from "./picture_work.ts";

/** Size in pixels of the model input of a picture of a given size. */
export type InputSize = (widthPx: number, heightPx: number) => { widthPx: number; heightPx: number };

/** Most threads: more would wait for the one that runs the model. */
const mostThreads = 6;

/** Threads that render scenes and resize pictures beside the one with the GPU, which does it itself where there are no workers (Node). */
export class PicturePool {
  readonly #threads: { worker: Worker; work: Remote<PictureWork> }[] = [];
  #next = 0;
  /** Model inputs of the pictures that were rendered here, made in the same call. */
  readonly #modelInputs = new WeakMap<Pixels, Pixels>();
  /** Rejects the calls that wait, where a thread breaks down. */
  readonly #waiting = new Set<(error: Error) => void>();
  #broken: Error | null = null;

  constructor(readonly inputSize: InputSize) {
    if (typeof Worker === "undefined") return;
    const count = Math.max(1, Math.min(mostThreads, (navigator.hardwareConcurrency ?? 2) - 1));
    for (let i = 0; i < count; i++) {
      const worker = new Worker(new URL("./picture_worker.ts", import.meta.url), { type: "module", name: "pictures" });
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        this.#broken = new Error(
          `A thread that renders pictures broke down (${event.message || "no reason given"}); go on from what was saved last`,
        );
        for (const reject of this.#waiting) reject(this.#broken);
      });
      this.#threads.push({ worker, work: wrap<PictureWork>(worker) });
    }
  }

  /** The original pictures of a generated task. */
  async render(id: string, settings: NeedleSettings, sizePx: number): Promise<Pixels[]> {
    const { widthPx, heightPx } = this.inputSize(sizePx, sizePx);
    const views = await this.#ask((work) => work.render(id, plain(settings), widthPx, heightPx));
    for (const { original, modelInput } of views) this.#modelInputs.set(original, modelInput);
    return views.map(({ original }) => original);
  }

  /** The model input of a picture. */
  async modelInput(pixels: Pixels): Promise<Pixels> {
    const known = this.#modelInputs.get(pixels);
    if (known) return known;
    const { widthPx, heightPx } = this.inputSize(pixels.width, pixels.height);
    return this.#ask((work) => work.resize(pixels, widthPx, heightPx));
  }

  /** The rows of a supervised step, each thread a part. */
  async lessons(lessons: Lessons, seed: number, step: number, rows: number): Promise<LessonRow[]> {
    const kinds = lessonKinds(lessons.mix, rows);
    const threads = Math.max(1, this.#threads.length);
    const each = Math.ceil(rows / threads);
    const parts = Array.from({ length: threads }, (_, i) =>
      this.#ask((work) => work.lessons(lessons, kinds.slice(i * each, (i + 1) * each), seed, step, i * each)),
    );
    return (await Promise.all(parts)).flat();
  }

  close(): void {
    for (const { worker, work } of this.#threads) {
      work[releaseProxy]();
      worker.terminate();
    }
  }

  async #ask<T>(question: (work: Remote<PictureWork> | PictureWork) => Promise<T> | T): Promise<T> {
    if (this.#broken) throw this.#broken;
    const thread = this.#threads[this.#next++ % this.#threads.length];
    if (!thread) return question(pictureWork);
    const { work } = thread;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.add(reject);
    Promise.resolve(question(work)).then(resolve, reject);
    return promise.finally(() => this.#waiting.delete(reject));
  }
}

/** The fields that rendering needs: a whole configuration would be copied for every picture. */
const plain = ({ objects, glyphPx, shapeMinPx, shapeMaxPx, legibleShare }: NeedleSettings): NeedleSettings => ({
  objects,
  glyphPx,
  shapeMinPx,
  shapeMaxPx,
  legibleShare,
});
