import { expose } from "comlink";
import type { OpenSession } from "../../session/session.ts";
import { DroppedFiles } from "../browser/dropped_files.ts";
import { openBrowserPlatform } from "./platform.ts";
import { restoreRunFiles } from "./run_file_store.ts";
import { RunWorker } from "./run_worker.ts";

// A built worker lies in assets/ beside the page's index.html; the development server serves it from src/.
const base = new URL(import.meta.env.DEV ? "/" : "../../", self.location.href).href;

/**
 * Kernels, model and training come with the first model that is opened: recordings and lists of runs need none of them.
 * Its files are on their way meanwhile.
 */
const openSession: OpenSession = async (...given) => {
  platform.fetchAhead(given[1].model);
  const { openGpuSession } = await import("../../session/open_gpu_session.ts").catch((error: Error) => {
    throw new Error(`The part of the page that trains could not be fetched (${error.message}); reload the page`);
  });
  return openGpuSession(...given);
};

const dropped = new DroppedFiles();
// A storage that cannot be read says so where it is asked for a run.
dropped.restored = restoreRunFiles(dropped).catch(() => {});
const platform = openBrowserPlatform(base, dropped);
expose(new RunWorker(platform, openSession, dropped, platform));
