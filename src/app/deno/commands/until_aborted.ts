import { deferred } from "../../../deferred.ts";
/**
 * Values until the signal aborts: the wait for the next one, e.g. for a judge that never answers, ends with it, and what
 * has come stands.
 */
export async function* untilAborted<T>(results: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T> {
  const { promise: aborted, resolve } = deferred<null>();
  const stop = () => resolve(null);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  try {
    for (;;) {
      const pending = results.next();
      // Where the wait was given up, its result is ignored.
      pending.catch(() => {});
      const next = await Promise.race([pending, aborted]);
      if (next === null || next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
