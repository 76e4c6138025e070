import { type Remote, releaseProxy, transfer, wrap } from "comlink";
import { deferred } from "../../deferred.ts";
import { crop } from "../../image/crop.ts";
import { originOf, resized } from "../../image/derived.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { GpuPictures } from "../../model/pictures/gpu_pictures.ts";
import { type LessonRow, lessonKinds } from "../../tasks/lessons/lesson.ts";
import type { Lessons } from "../../tasks/lessons/lessons.ts";
import { renderedPicture } from "../../tasks/sources/scenes.ts";
import { type SceneSettings, usualScenes } from "../../tasks/worlds/world.ts";
import { type PictureWork, pictureWork } from "./picture_work.ts";

/** Size in pixels of the model input of a picture of a given size. */
export type InputSize = (widthPx: number, heightPx: number) => { widthPx: number; heightPx: number };

/** Most threads: more would wait for the one that runs the model. */
const mostThreads = 12;

/** Scenes that a thread computes at once at least: a message costs the thread that drives the device a tenth of a scene. */
const leastWorded = 4;

/** A generated task whose picture is wanted. */
interface Wanted {
  id: string;
  settings: Partial<SceneSettings>;
  sizePx: number;
  resolve(picture: Pixels): void;
  reject(error: unknown): void;
}

/**
 * A run's pictures. On a device they are rendered and resized there, and threads beside the one that drives it compute
 * what scenes are rendered from; without one, threads do it all. Where there are no workers (Node) the caller's does.
 */
export class PicturePool {
  readonly #threads: { worker: Worker; work: Remote<PictureWork> }[] = [];
  #next = 0;
  readonly #wanted: Wanted[] = [];
  /** Model inputs of the pictures that were rendered here, made in the same call. */
  readonly #modelInputs = new WeakMap<Pixels, Pixels>();
  /** Rejects the calls that wait, where a thread breaks down. */
  readonly #waiting = new Set<(error: Error) => void>();
  #broken: Error | null = null;
  readonly #closed = deferred<null>();

  /** @param device  where pictures are made; null: on the host, which is faster where the device is the host as well */
  constructor(
    readonly inputSize: InputSize,
    readonly device: GpuPictures | null,
  ) {
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

  /** The bytes of a generated task's pictures, for somebody who looks at them; null where this is closed meanwhile. */
  originals(id: string, settings: Partial<SceneSettings>): Promise<Pixels[] | null> {
    return Promise.race([this.#ask((work) => work.originals(id, plain(settings))), this.#closed.promise]);
  }

  /** The original pictures of a generated task. */
  async render(id: string, settings: Partial<SceneSettings>, sizePx: number): Promise<Pixels[]> {
    if (this.device) return [await this.#onDevice(this.device, id, settings, sizePx)];
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
    if (this.device) return resized(pixels, widthPx, heightPx);
    const origin = originOf(pixels);
    if (origin?.kind !== "crop") return this.#ask((work) => work.resize(pixels, widthPx, heightPx));
    // Cut out once more where somebody reads it: the bytes of this cut are handed over.
    const cut = crop(origin.of, origin.box);
    return this.#ask((work) => work.resize(transfer(cut, [cut.data.buffer as ArrayBuffer]), widthPx, heightPx));
  }

  /** The rows of a supervised step, each thread a part. */
  async lessons(lessons: Lessons, seed: number, step: number, rows: number): Promise<LessonRow[]> {
    const kinds = lessonKinds(lessons.mix, rows);
    return this.#inParts(kinds.length, (work, from, to) =>
      work.lessons(lessons, kinds.slice(from, to), seed, step, from),
    );
  }

  close(): void {
    this.#closed.resolve(null);
    for (const { worker, work } of this.#threads) {
      work[releaseProxy]();
      worker.terminate();
    }
  }

  /** Pictures that are asked for at once are rendered together. */
  #onDevice(device: GpuPictures, id: string, settings: Partial<SceneSettings>, sizePx: number): Promise<Pixels> {
    return new Promise((resolve, reject) => {
      if (this.#wanted.length === 0) queueMicrotask(() => void this.#renderWanted(device));
      this.#wanted.push({ id, settings: plain(settings), sizePx, resolve, reject });
    });
  }

  async #renderWanted(device: GpuPictures): Promise<void> {
    const wanted = this.#wanted.splice(0);
    try {
      const tasks = wanted.map(({ id, settings }) => ({ id, settings }));
      const words = await this.#inParts(
        tasks.length,
        (work, from, to) => work.words(tasks.slice(from, to)),
        leastWorded,
      );
      const pictures = wanted.map(({ id, settings }, i) => renderedPicture(id, settings, words[i]!));
      const inputs = pictures.map((picture, i) => {
        const { widthPx, heightPx } = this.inputSize(wanted[i]!.sizePx, wanted[i]!.sizePx);
        const input = resized(picture, widthPx, heightPx);
        this.#modelInputs.set(picture, input);
        return input;
      });
      device.prepare(inputs);
      for (const [i, { resolve }] of wanted.entries()) resolve(pictures[i]!);
    } catch (error) {
      for (const { reject } of wanted) reject(error);
    }
  }

  /** Results of `count` things in order, each thread's a part of them. */
  async #inParts<T>(
    count: number,
    part: (work: Remote<PictureWork> | PictureWork, from: number, to: number) => Promise<T[]> | T[],
    least = 1,
  ): Promise<T[]> {
    const threads = Math.max(1, this.#threads.length);
    const each = Math.max(least, Math.ceil(count / threads));
    const parts = Array.from({ length: Math.ceil(count / each) }, (_, i) =>
      this.#ask((work) => part(work, i * each, Math.min(count, (i + 1) * each))),
    );
    return (await Promise.all(parts)).flat();
  }

  async #ask<T>(question: (work: Remote<PictureWork> | PictureWork) => Promise<T> | T): Promise<T> {
    if (this.#broken) throw this.#broken;
    const thread = this.#threads[this.#next++ % this.#threads.length];
    if (!thread) return question(pictureWork);
    const { work } = thread;
    const { promise, resolve, reject } = deferred<T>();
    this.#waiting.add(reject);
    Promise.resolve(question(work)).then(resolve, reject);
    return promise.finally(() => this.#waiting.delete(reject));
  }
}

/** The fields that rendering needs: a whole configuration would be copied for every picture. */
const plain = (settings: Partial<SceneSettings>): Partial<SceneSettings> =>
  Object.fromEntries(fields.flatMap((field) => (settings[field] === undefined ? [] : [[field, settings[field]]])));
const fields = Object.keys(usualScenes) as (keyof SceneSettings)[];
