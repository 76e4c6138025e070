import { wrap } from "comlink";
import type { RunApi } from "../worker_api/run_api.ts";

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
