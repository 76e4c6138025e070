import { wrap } from "comlink";
import type { RunApi } from "../worker_api/run_api.ts";
import type { BesideWorker } from "./run/page_context.ts";

/** Starts another worker, for a run beside that of the page. `failed` is called where it breaks down outside a call. */
export function connectBeside(failed: (error: Error) => void): BesideWorker {
  const worker = new Worker(new URL("./worker/worker.ts", import.meta.url), { type: "module", name: "saccade beside" });
  worker.addEventListener("error", (event) => failed(new Error(event.message || "The worker of a run broke down")));
  return { api: wrap<RunApi>(worker) as unknown as RunApi, close: () => worker.terminate() };
}

/** Starts the worker that holds the run. `failed` is called where the worker could not start or broke down outside a call. */
export function connect(failed: (error: Error) => void): RunApi {
  const worker = new Worker(new URL("./worker/worker.ts", import.meta.url), { type: "module", name: "saccade" });
  worker.addEventListener("error", (event) => {
    const cause = event.message ? ` (${event.message})` : "";
    failed(new Error(`The worker that trains broke down${cause}; reload the page to go on from the last checkpoint`));
  });
  // Every method of RunApi returns a promise already, so the remote object has the same shape
  return wrap<RunApi>(worker) as unknown as RunApi;
}
