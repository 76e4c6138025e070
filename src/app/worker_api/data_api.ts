import type { Box, Pixels } from "../../image/pixels.ts";
import type { PictureWays } from "../../platform.ts";
import type { Fingerprint } from "../../tasks/fingerprint.ts";
import type { Message } from "../../tasks/rows/row.ts";
import type { Skip, SurveyedPicture } from "../../tasks/rows/survey.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { Inspection } from "../data/inspection.ts";
import type { NamedSources } from "../run/run_sources.ts";
import type { TaskProgress } from "./judge_api.ts";

/** A source of tasks that could be opened. */
export interface OpenedSource {
  name: string;
  /** What it is, for people, e.g. "DeepEyes parquet (snappy)". */
  kind: string;
  rows: number;
}

export interface OpenedData {
  sources: OpenedSource[];
  /** A sentence for each part of the text that could not be opened. */
  problems: string[];
}

/** One row: `data` is the text of the knob, `source` counts what was opened of it. */
export interface RowPlace {
  data: string;
  source: number;
  index: number;
}

/** A row as the browser of samples lists it, under a configuration. */
export interface RowCard {
  /** Null where the row cannot be read. */
  asked: { question: string; answer: string; dataSource: string; envName: string } | null;
  pictures: SurveyedPicture[];
  /** Null where there is no tokenizer, or the row is left out before. */
  promptTokens: number | null;
  skip: { kind: Skip; why: string } | null;
  /** Its first picture, small; null where it has none or it cannot be read. */
  thumbnail: Pixels | null;
}

/** All of a row. */
export interface RowDetails {
  card: RowCard;
  /** The columns as text, pictures' bytes left out. */
  columns: { name: string; text: string }[];
  messages: readonly Message[];
  /** Its pictures as kept, made smaller where they are larger than a screen shows. */
  shown: Pixels[];
  /** Where the answer stands in the first picture's file, in its pixels. */
  goldBoxFilePx: Box | null;
  /** The prompt as the model gets it, up to where it generates; texts and ids one a token. */
  prompt: { tokens: number[]; texts: string[] } | null;
  /** Why there is none. */
  promptProblem: string | null;
}

/**
 * What a page may ask about data. Works without a GPU and beside a run; nothing is fetched but what the text names.
 * Every method rejects with one sentence.
 */
export interface DataApi {
  /** Opens the sources that a text names as the knob `data` does. */
  open(data: string): Promise<OpenedData>;
  /**
   * Looks at the first `rows` rows of a source: what they hold and whether they would be used. `headersOnly` does not
   * decode pictures. `nextInspection` reports how many rows have been looked at, and at last the result.
   */
  startInspection(
    place: Omit<RowPlace, "index">,
    config: RunConfig,
    options: { rows: number; headersOnly: boolean; withModel: boolean },
  ): Promise<void>;
  nextInspection(): Promise<TaskProgress<number, Inspection>>;
  /** What has been found so far comes as the result. */
  stopInspection(): Promise<void>;
  /** `withModel`: how the model of the configuration sees pictures and counts tokens; its files are read, or fetched. */
  row(place: RowPlace, config: RunConfig, withModel: boolean): Promise<RowCard>;
  details(place: RowPlace, config: RunConfig, withModel: boolean): Promise<RowDetails>;
  /**
   * Fingerprints of the files that are named, to be compared with what a run was made with
   * (`otherSources` of src/tasks/fingerprint.ts). A knob that is "" has none.
   */
  fingerprints(named: NamedSources): Promise<Fingerprint[]>;

  /** Which picture files the browser decodes, and which our own code; null where it is not asked. */
  pictureWays(): Promise<PictureWays | null>;
}
