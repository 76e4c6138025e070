import type { WrittenDtype } from "../../../onnx/graph/precision.ts";
import type { Platform } from "../../../platform.ts";
import { type FileToZip, streamOf, writeZip } from "../../archive/zip_writer.ts";
import { withCard } from "../../model_card/card_of_run.ts";
import { fileOrNull, filesIn } from "../../model_folder/model_files.ts";
import { onnxModel } from "../../onnx_export/onnx_model.ts";
import { weightsOfRun } from "../../onnx_export/weights_of_run.ts";
import type { OnnxArchive } from "../../worker_api/run_files_api.ts";
import { fileName } from "../browser/download.ts";
import { isDropped } from "../browser/dropped_files.ts";
import { storedCheckpoint, storedLog, storedSettings } from "./run_store.ts";

/**
 * The model of a stored run's checkpoint as ONNX graphs. Needs no GPU; weights that were not trained come from the model that
 * the run began with. @throws Error where there is no checkpoint, or where that model is not there
 */
export async function onnxArchive(
  platform: Platform,
  run: string,
  dtypes: readonly WrittenDtype[],
): Promise<OnnxArchive> {
  const checkpoint = await storedCheckpoint(run);
  if (!checkpoint)
    throw new Error(
      `The run "${run}" has no checkpoint, so there are no weights of it; go on with it, and Pause saves one`,
    );
  const [config, log] = await Promise.all([storedSettings(run), storedLog(run)]);
  try {
    const files = filesIn(platform, config.model);
    const { step, weights } = await weightsOfRun(platform, config, checkpoint);
    const card = (onnx: string) => withCard({ run, step, config, log, files: [], readBase: fileOrNull(files), onnx });
    const written = await onnxModel(weights, files, { dtypes, card });
    const name = `${fileName(run)}-step-${step}-onnx`;
    const zipped = written.map(
      (file): FileToZip => ({ name: `${name}/${file.name}`, bytes: iterated(file.pieces()), deflate: false }),
    );
    // The browser keeps what it has of a large answer on its disk.
    const blob = await new Response(streamOf(writeZip(zipped, new Date()))).blob();
    return { step, name, archive: blob.slice(0, blob.size, "application/zip") };
  } catch (error) {
    const remedy = isDropped(config.model) ? "; drop the same folder on the page again" : "";
    throw new Error(
      `The checkpoint of the run "${run}", which began with ${config.model}: ${(error as Error).message}${remedy}`,
    );
  }
}

async function* iterated(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
