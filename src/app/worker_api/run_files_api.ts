import type { WrittenDtype } from "../../onnx/graph/precision.ts";
import type { PlaceKnob } from "../run_file/settings_paths.ts";
import type { GivenFile } from "./dropped_folder.ts";

/** What of a stored run can go into one file, with sizes in bytes before packing. */
export interface RunContents {
  logBytes: number;
  /** Null where none was written. */
  checkpoint: { step: number; sizeBytes: number } | null;
  /** Local data and models that the run reads. */
  travellers: { knob: PlaceKnob; files: number; sizeBytes: number }[];
  /** And those that cannot go along, with the reason. */
  leftBehind: { knob: PlaceKnob; why: string }[];
}

/** What a person wants to have in the file beside settings and log. */
export interface RunChoice {
  checkpoint: boolean;
  travellers: readonly PlaceKnob[];
}

/** A run that came out of a file. */
export interface UnpackedRun {
  /** Under which it is kept here. */
  name: string;
  /** What a person should know, a sentence each. */
  notices: string[];
}

/** A log of another program as one of ours. */
export interface TranslatedLog {
  program: string;
  log: Blob;
  notices: string[];
}

/** A model as graphs, in a zip archive with one folder. */
export interface OnnxArchive {
  /** After which step of its run. */
  step: number;
  /** Of the folder. */
  name: string;
  archive: Blob;
}

/** A run for verl, in a zip archive with one folder. */
export interface VerlArchive {
  /** Of the folder. */
  name: string;
  archive: Blob;
  /** What a person should know, a sentence each. */
  notes: readonly string[];
}

/** Runs as single files, out of this browser and into it. No method needs a GPU; each rejects with one sentence. */
export interface RunFilesApi {
  contents(run: string): Promise<RunContents>;
  /** The run as a zip archive, which this page and the command line open. */
  pack(run: string, choice: RunChoice): Promise<Blob>;
  /** The run as pages that need nothing but a browser, in a zip archive. */
  pages(run: string): Promise<Blob>;
  /** The model of its checkpoint as ONNX graphs in a folder for transformers.js, in a zip archive. */
  onnx(run: string, dtypes: readonly WrittenDtype[]): Promise<OnnxArchive>;
  /** The run as a folder that verl trains on, with so many rows at most, in a zip archive. */
  verl(run: string, rows: number): Promise<VerlArchive>;
  /** Keeps the run of such an archive in this browser, with the data and models that came with it. */
  unpack(file: File): Promise<UnpackedRun>;
  /** The log of another program among files, as one of ours; null where there is none. */
  translate(files: readonly GivenFile[]): Promise<TranslatedLog | null>;
}
