import type { Platform } from "../../../platform.ts";
import type { Tokenizer } from "../../../policy/tokenizer.ts";
import type { RunFilesApi } from "../../worker_api/run_files_api.ts";
import type { DroppedFiles } from "../browser/dropped_files.ts";

/** Runs as single files: what packs and unpacks comes with the first question. */
export function runFilesLater(
  platform: Platform,
  dropped: DroppedFiles,
  tokenizer: (model: string) => Promise<Pick<Tokenizer, "texts">>,
): RunFilesApi {
  let opened: Promise<Omit<RunFilesApi, "onnx" | "verl">> | null = null;
  const files = (): Promise<Omit<RunFilesApi, "onnx" | "verl">> => {
    opened ??= import("./run_files_worker.ts").then(
      ({ RunFilesWorker }) => new RunFilesWorker(platform, dropped, tokenizer),
      (error: Error) => {
        opened = null;
        throw new Error(
          `The part of the page that packs runs could not be fetched (${error.message}); reload the page`,
        );
      },
    );
    return opened;
  };
  return {
    contents: async (run) => (await files()).contents(run),
    pack: async (run, choice) => (await files()).pack(run, choice),
    pages: async (run) => (await files()).pages(run),
    verl: async (run, rows) => (await import("./verl_archive.ts")).verlArchive(platform, run, rows),
    onnx: async (run, dtypes) => (await import("./onnx_archive.ts")).onnxArchive(platform, run, dtypes),
    unpack: async (file) => (await files()).unpack(file),
    translate: async (given) => (await import("./translated_log.ts")).translatedLog(given),
  };
}
