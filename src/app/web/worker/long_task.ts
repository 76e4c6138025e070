import type { TaskProgress } from "../../worker_api/judge_api.ts";

/** Longest wait for news, milliseconds. */
const reportEveryMs = 200;

/** Long work that is polled: its progress at each question, its result at the end. */
export class LongTask<Progress, Result> {
  readonly #abort = new AbortController();
  readonly #over: Promise<{ result: Result }>;
  #progress: Progress;

  /** @param begin its progress before anything is done */
  constructor(begin: Progress, work: (report: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>) {
    this.#progress = begin;
    const report = (progress: Progress) => {
      this.#progress = progress;
    };
    this.#over = work(report, this.#abort.signal).then((result) => ({ result }));
    // The next caller gets it; until then nothing awaits the error.
    this.#over.catch(() => {});
  }

  /** Waits for the end, but not for long. @throws what the work throws */
  async next(): Promise<TaskProgress<Progress, Result>> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, reportEveryMs, null);
    });
    const over = await Promise.race([this.#over, patience]);
    clearTimeout(timer);
    return { progress: this.#progress, result: over === null ? null : over.result };
  }

  stop(): void {
    this.#abort.abort();
  }
}
