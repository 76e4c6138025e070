/** Whether the page opens without a network, as far as this browser has it. */
export type Offline =
  | { state: "none"; because: string }
  | { state: "keeping" }
  | { state: "kept" }
  | { state: "failed"; because: string };

/**
 * Has the service worker keep the page's own files in this browser (src/app/serve/service_worker.js). To be called once the page
 * has what it needs, so that keeping takes nothing from opening.
 *
 * @param report   called with each state
 * @param updated  called when another tab has fetched a newer version of the page
 */
export async function keepOffline(report: (state: Offline) => void, updated: () => void): Promise<void> {
  // Its files change while someone works on them.
  if (import.meta.env.DEV) return report({ state: "none", because: "the development server serves this page" });
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (!container) return report({ state: "none", because: "this browser keeps no pages, or not in a private window" });
  // The first worker takes the page over that had none; another one after that is of a newer version.
  let isFirst = container.controller === null;
  container.addEventListener("controllerchange", () => {
    if (!isFirst) updated();
    isFirst = false;
  });
  try {
    const address = new URL("service_worker.js", document.baseURI);
    const registration = await container.register(address, { updateViaCache: "none" });
    if (registration.active) return report({ state: "kept" });
    report({ state: "keeping" });
    const worker = registration.installing ?? registration.waiting;
    worker?.addEventListener("statechange", () => {
      if (worker.state === "activated") report({ state: "kept" });
      if (worker.state === "redundant")
        report({ state: "failed", because: "a file could not be fetched or stored; the next visit tries again" });
    });
  } catch (error) {
    report({ state: "failed", because: (error as Error).message });
  }
}
