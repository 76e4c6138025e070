import type { Platform, RunStore } from "../../../platform.ts";
import type { Fingerprint } from "../../../tasks/fingerprint.ts";
import type { TrainEvent } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { atCommits } from "../../run/at_commits.ts";
import { configText, reopenRun } from "../../run/record.ts";
import { type RecordOptions, RunRecorder } from "../../run/run_recorder.ts";
import { runSources } from "../../run/run_sources.ts";
import type { Session } from "../../session/session.ts";
import type { ExportedModel } from "../../worker_api/run_api.ts";
import { runName } from "../labels/run_name.ts";
import { StorageProblem } from "./database.ts";
import { createRunStore, openRunStore } from "./run_store.ts";

/** So much time is lost at most when the page is closed within a step; a closing page has no time to save. */
const mostUnsavedMs = 15_000;

/** A run that is stored in this browser as it goes. Its methods run one after the other. */
export class StoredRunWriter {
  readonly name: string;
  readonly #session: Session;
  readonly #store: RunStore;
  readonly #sources: readonly Fingerprint[];
  readonly #recorder: RunRecorder;
  readonly #events: AsyncGenerator<TrainEvent>;
  #latest: RunConfig;
  #turn: Promise<unknown> = Promise.resolve();
  #stopping = false;
  readonly #stop = new AbortController();
  #over = false;
  #closed = false;

  private constructor(
    name: string,
    session: Session,
    store: RunStore,
    latest: RunConfig,
    options: Pick<RecordOptions, "saveEvery" | "resumedAt" | "upcoming" | "made" | "notices" | "sources">,
  ) {
    this.name = name;
    this.#session = session;
    this.#store = store;
    this.#sources = options.sources ?? [];
    this.#latest = latest;
    this.#recorder = new RunRecorder(session, store, {
      ...options,
      mostUnsavedMs,
      sparing: true,
      stopping: () => this.#stopping,
      signal: this.#stop.signal,
      tolerates: (error) => error instanceof StorageProblem,
    });
    this.#events = this.#recorder.events();
  }

  /** A new run. @param open  gives a session for a configuration */
  static async begin(
    open: (config: RunConfig) => Promise<Session>,
    platform: Platform,
    wanted: RunConfig,
  ): Promise<StoredRunWriter> {
    const config = await atCommits(wanted, platform);
    const session = await open(config);
    session.expectTrainable();
    const sources = await runSources(config, platform);
    await session.reset(config);
    await session.expectTasks();
    // Only now: a run that cannot begin leaves nothing behind.
    const { name, store, problem } = await createRunStore(runName(wanted), config, sources);
    return new StoredRunWriter(name, session, store, config, {
      saveEvery: config.saveEvery,
      resumedAt: 0,
      sources,
      ...(problem !== null && {
        notices: [
          `${problem}. This run is in this page alone: save it as a file (Save the run) before the page is closed`,
        ],
      }),
    });
  }

  /** A stored run from its checkpoint on. @throws Error where another tab writes it, or where it has made all its steps */
  static async resume(
    open: (config: RunConfig) => Promise<Session>,
    platform: Platform,
    name: string,
    changes: Partial<RunConfig>,
  ): Promise<StoredRunWriter> {
    const store = await openRunStore(name);
    try {
      // The log keeps what the checkpoint does not know until the run stands on the device: that may be lost meanwhile.
      let cut = async (): Promise<void> => {};
      const untilOpen: RunStore = {
        place: store.place,
        readConfig: () => store.readConfig(),
        writeConfig: (json) => store.writeConfig(json),
        readLog: () => store.readLog(),
        appendLog: (lines) => store.appendLog(lines),
        replaceLog: async (...kept) => {
          cut = () => store.replaceLog(...kept);
        },
        readCheckpoint: () => store.readCheckpoint(),
        writeCheckpoint: (written) => store.writeCheckpoint(written),
        close: () => store.close(),
      };
      const reopened = await reopenRun(untilOpen, changes, platform);
      const { config, latest, files } = reopened;
      const session = await open(config);
      session.expectTrainable();
      await session.reset(config);
      const resumedAt = files ? await session.restore(files) : 0;
      await cut();
      return new StoredRunWriter(name, session, store, latest, { ...reopened, saveEvery: config.saveEvery, resumedAt });
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Settings as they were last. */
  get latest(): RunConfig {
    return this.#latest;
  }

  /** Nothing more will happen. */
  get over(): boolean {
    return this.#over;
  }

  /** What happens next; null once it is over. */
  next(): Promise<TrainEvent | null> {
    return this.#inTurn(async () => {
      if (this.#over) return null;
      const next = await this.#events.next();
      this.#over = next.done === true || next.value.type === "end";
      // There is no second try after the end, and the run must not stay locked.
      if (this.#over && !this.#recorder.unsaved) await this.#close();
      return next.done ? null : next.value;
    });
  }

  /** Writes a checkpoint of the last step. Null where it stands already. @throws StorageProblem; nothing is lost then */
  save(): Promise<TrainEvent | null> {
    return this.#inTurn(async () => {
      if (this.#closed) return null;
      const saved = await this.#recorder.save();
      if (this.#over) await this.#close();
      return saved;
    });
  }

  /** Changes knobs that apply at the next step, and stores them for when it is resumed. */
  async change(changes: Partial<RunConfig>): Promise<void> {
    if (this.#over) return;
    this.#session.change(changes);
    this.#latest = { ...this.#latest, ...changes };
    try {
      await this.#store.writeConfig(configText(this.#latest, this.#sources));
    } catch (error) {
      // The log says it too, at the next step.
      if (!(error instanceof StorageProblem)) throw error;
    }
  }

  /** Saves and ends it. @throws StorageProblem where it could not be saved; asked again, it is given up */
  async stop(): Promise<void> {
    if (this.#over) return this.close();
    this.#stopping = true;
    this.#stop.abort();
    while ((await this.next()) !== null);
    if (this.#recorder.unsaved) await this.save();
  }

  /** Does something with the session between two events; the run waits meanwhile. */
  between<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn(work);
  }

  /** Ends it where it is. */
  async close(): Promise<void> {
    await this.#inTurn(() => this.#close());
  }

  /** The weights after the last step, for another program. */
  exported(): Promise<ExportedModel> {
    return this.#inTurn(async () => ({
      run: this.name,
      step: this.#recorder.step,
      files: await this.#session.exportFiles(),
    }));
  }

  async #close(): Promise<void> {
    this.#over = true;
    if (this.#closed) return;
    this.#closed = true;
    await this.#events.return(undefined);
    await this.#store.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}
