import type { NamedBytes } from "../../platform.ts";
import { csvLog } from "./csv_log.ts";
import type { Logged } from "./logged_steps.ts";
import { rlLoggingBoardLog } from "./rl_logging_board_log.ts";
import type { TokenTexts } from "./rollout_texts.ts";
import { tensorboardLog } from "./tensorboard_log.ts";
import { trackioLog } from "./trackio_log.ts";
import { trlLog } from "./trl_log.ts";
import { verlLog } from "./verl_log.ts";

/** A log in the format of another program. */
export interface LogFormat {
  /** What it is, for people. */
  line: string;
  /**
   * Files piece by piece, names with "/" between folders; a piece with a name that came before is appended to that file.
   * With `texts`, the texts of tokens are needed.
   */
  writer:
    | { texts: true; write: (log: AsyncIterable<Logged>, texts: TokenTexts) => AsyncGenerator<NamedBytes> }
    | { texts: false; write: (log: AsyncIterable<Logged>) => AsyncGenerator<NamedBytes> };
}

export const logFormats = {
  verl: { line: "rollouts, <step>.jsonl for verl's rollout viewer", writer: { texts: true, write: verlLog } },
  "rl-logging-board": {
    line: "rollouts by token, for RLLoggingBoard",
    writer: { texts: true, write: rlLoggingBoardLog },
  },
  trl: { line: "rollouts, completions_<step>.parquet as of TRL", writer: { texts: true, write: trlLog } },
  tensorboard: { line: "metrics, an event file", writer: { texts: false, write: tensorboardLog } },
  csv: {
    line: "metrics, a line a step, and a line a quantity with the run's settings",
    writer: { texts: false, write: csvLog },
  },
  trackio: { line: "metrics, and a script that puts them into trackio", writer: { texts: false, write: trackioLog } },
} as const satisfies Record<string, LogFormat>;

export type LogFormatName = keyof typeof logFormats;
export const logFormatNames = Object.keys(logFormats) as LogFormatName[];
