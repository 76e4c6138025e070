import type { Platform } from "../../../platform.ts";
import type { Tokenizer } from "../../../policy/tokenizer.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { fileOrNull, filesIn } from "../../model_folder/model_files.ts";
import { openTokenizer } from "../../model_folder/qwen_tokenizer.ts";
import { atCommits } from "../../run/at_commits.ts";
import { type Session, type SessionOptions, sameModel } from "../../session/session.ts";
import type { DroppedFiles } from "../browser/dropped_files.ts";
import { expectDropped } from "./dropped_again.ts";

type Open = (config: RunConfig, options: Pick<SessionOptions, "trace" | "progress">) => Promise<Session>;

/** The model that is on the GPU, one at a time, and tokenizers of any. */
export class OpenModels {
  session: Session | null = null;
  /** How much of one has been read, in bytes of its files; null while none is loaded. */
  loading: { doneBytes: number; ofBytes: number } | null = null;
  /** Whether the next one is opened to be measured. */
  trace = false;
  readonly #platform: Platform;
  readonly #dropped: DroppedFiles;
  readonly #open: Open;
  /** What the session was opened with. */
  #openedWith: RunConfig | null = null;
  readonly #tokenizers = new Map<string, Promise<Tokenizer>>();

  constructor(platform: Platform, dropped: DroppedFiles, open: Open) {
    this.#platform = platform;
    this.#dropped = dropped;
    this.#open = open;
  }

  /** With the configuration that it was opened with. @throws Error where none is open */
  opened(): { session: Session; config: RunConfig } {
    if (!this.session || !this.#openedWith)
      throw new Error("The model is not open yet; wait for the adapter to be ready");
    return { session: this.session, config: this.#openedWith };
  }

  /** A session for a configuration; the one that is open serves others of its model. @param close  ends the one before */
  async open(wanted: RunConfig, close: () => void): Promise<Session> {
    await expectDropped(wanted, this.#dropped);
    const config = await atCommits(wanted, this.#platform);
    const serves = this.#openedWith && sameModel(this.#openedWith, config);
    if (this.session && serves && !this.session.lost) return this.session;
    close();
    this.#openedWith = config;
    const progress = (doneBytes: number, ofBytes: number) => {
      this.loading = { doneBytes, ofBytes };
    };
    try {
      this.session = await this.#open(config, { trace: this.trace, progress });
    } finally {
      this.loading = null;
    }
    return this.session;
  }

  close(): void {
    this.session?.close();
    this.session = null;
  }

  tokenizer(model: string): Promise<Tokenizer> {
    const known = this.#tokenizers.get(model) ?? openTokenizer(fileOrNull(filesIn(this.#platform, model)));
    this.#tokenizers.set(model, known);
    // A folder that is not there now may be dropped again.
    known.catch(() => this.#tokenizers.delete(model));
    return known;
  }
}
