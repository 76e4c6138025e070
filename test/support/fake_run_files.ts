import { translatedLog } from "../../src/app/web/worker/translated_log.ts";
import type { GivenFile } from "../../src/app/worker_api/dropped_folder.ts";
import type {
  OnnxArchive,
  RunChoice,
  RunContents,
  RunFilesApi,
  TranslatedLog,
  UnpackedRun,
  VerlArchive,
} from "../../src/app/worker_api/run_files_api.ts";
import type { WrittenDtype } from "../../src/onnx/graph/precision.ts";

/** Runs as files without a storage: sizes of a run over local rows, and what was chosen as the archive's text. */
export class FakeRunFiles implements RunFilesApi {
  async contents(): Promise<RunContents> {
    return {
      logBytes: 1_200_000,
      checkpoint: { step: 2, sizeBytes: 3_400_000 },
      travellers: [{ knob: "data", files: 3, sizeBytes: 5_600_000 }],
      leftBehind: [],
    };
  }

  async pack(run: string, choice: RunChoice): Promise<Blob> {
    return new Blob([JSON.stringify({ run, ...choice })]);
  }

  async pages(run: string): Promise<Blob> {
    return new Blob([`pages of ${run}`]);
  }

  async onnx(run: string, dtypes: readonly WrittenDtype[]): Promise<OnnxArchive> {
    return { step: 2, name: `${run}-step-2-onnx`, archive: new Blob([JSON.stringify({ run, dtypes })]) };
  }

  async verl(run: string, rows: number): Promise<VerlArchive> {
    if (rows === 7) throw new Error("Expected rows to train on, found none");
    return { name: `${run}-verl`, archive: new Blob([JSON.stringify({ run, rows })]), notes: [] };
  }

  async unpack(file: File): Promise<UnpackedRun> {
    throw new Error(`Expected a run in ${file.name}, found none`);
  }

  translate(files: readonly GivenFile[]): Promise<TranslatedLog | null> {
    return translatedLog(files);
  }
}
