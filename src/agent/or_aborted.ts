/** Who waits for something else unless a signal aborts: one listener for all, since a step adds thousands. */
const waitingFor = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>();

/** The promise's value, or the signal's reason where that comes first: somebody's own code may wait for a server that never answers. */
export function orAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  // Where the wait was given up, what comes of it is ignored.
  promise.catch(() => {});
  if (signal.aborted) return Promise.reject(signal.reason);
  const waiting = waitingFor.get(signal) ?? listeningTo(signal);
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    promise.then(
      (value) => {
        waiting.delete(reject);
        resolve(value);
      },
      (error) => {
        waiting.delete(reject);
        reject(error);
      },
    );
  });
}

function listeningTo(signal: AbortSignal): Set<(reason: unknown) => void> {
  const waiting = new Set<(reason: unknown) => void>();
  waitingFor.set(signal, waiting);
  const abort = () => {
    for (const reject of waiting) reject(signal.reason);
    waiting.clear();
  };
  signal.addEventListener("abort", abort, { once: true });
  return waiting;
}
