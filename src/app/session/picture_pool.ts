import { type Remote, releaseProxy, wrap } from "comlink";
import type { Pixels } from "../../image/pixels.ts";
import { type LessonRow, type Lessons, lessonKinds } from "../../tasks/scenes/lessons.ts";
import type { NeedleSettings } from "../../tasks/sources/needle.ts";
import { type PictureWork, pictureWork } from "./picture_work.ts";

/** Size in pixels at which the model sees a picture of a given size. */
export type ShownSize = (widthPx: number, heightPx: number) => { widthPx: number; heightPx: number };

/** At most so many threads: more would wait for the one that runs the model. */
const mostThreads = 6;

/** Threads that draw scenes and resize pictures, while the one with the GPU goes on. Without workers (Node) it does so itself. */
export class PicturePool {
  readonly #threads: { worker: Worker; work: Remote<PictureWork> }[] = [];
  #next = 0;
  /** What the model sees of pictures that were drawn here, made in the same go. */
  readonly #shown = new WeakMap<Pixels, Pixels>();
  /** Those who wait for an answer hear of a thread that broke down. */
  readonly #waiting = new Set<(error: Error) => void>();
  #broken: Error | null = null;

  constructor(readonly shownSize: ShownSize) {
    if (typeof Worker === "undefined") return;
    const count = Math.max(1, Math.min(mostThreads, (navigator.hardwareConcurrency ?? 2) - 1));
    for (let i = 0; i < count; i++) {
      const worker = new Worker(new URL("./picture_worker.ts", import.meta.url), { type: "module", name: "pictures" });
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        this.#broken = new Error(
          `A thread that draws pictures broke down (${event.message || "no reason given"}); go on from what was saved last`,
        );
        for (const reject of this.#waiting) reject(this.#broken);
      });
      this.#threads.push({ worker, work: wrap<PictureWork>(worker) });
    }
  }

  /** The pictures of a generated task, in source pixels. */
  async draw(id: string, settings: NeedleSettings, sizePx: number): Promise<Pixels[]> {
    const { widthPx, heightPx } = this.shownSize(sizePx, sizePx);
    const views = await this.#ask((work) => work.draw(id, plain(settings), widthPx, heightPx));
    for (const { source, shown } of views) this.#shown.set(source, shown);
    return views.map(({ source }) => source);
  }

  /** A picture as the model sees it. */
  async shown(pixels: Pixels): Promise<Pixels> {
    const known = this.#shown.get(pixels);
    if (known) return known;
    const { widthPx, heightPx } = this.shownSize(pixels.width, pixels.height);
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

/** The fields that drawing needs: a whole configuration would be copied for every picture. */
const plain = ({ objects, glyphPx, shapeMinPx, shapeMaxPx, legibleShare }: NeedleSettings): NeedleSettings => ({
  objects,
  glyphPx,
  shapeMinPx,
  shapeMaxPx,
  legibleShare,
});
