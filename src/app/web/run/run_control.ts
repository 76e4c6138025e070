import { readServerAddress } from "../../../connection/address.ts";
import { checkKnob, resolveConfig } from "../../../train/config.ts";
import { knobs, type RunConfig } from "../../../train/knobs.ts";
import { loadingLine } from "../../session/loading_line.ts";
import type { GivenFile } from "../../worker_api/dropped_folder.ts";
import type { EventsFile, RunApi } from "../../worker_api/run_api.ts";
import type { UnpackedRun } from "../../worker_api/run_files_api.ts";
import { beginningOf, isRunLog } from "../browser/events_file.ts";
import { isZip } from "../browser/zip_file.ts";
import { largeShipped } from "../labels/shipped_weights.ts";
import { runAddresses } from "./fetched_addresses.ts";
import { idle } from "./idle.ts";
import { LiveRun } from "./live_run.ts";
import { ask, beginning, closing, type Question } from "./question.ts";
import { readLog } from "./read_log.ts";
import { fetchRecording, type Recording } from "./recordings.ts";
import { ReplayControl } from "./replay_control.ts";
import { emptyRun, foldAll, type RunState } from "./run_state.ts";
import type { Replay, Store } from "./store.ts";
import { differences, fileLink } from "./url_state.ts";
import { WarmupControl } from "./warmup_control.ts";

/** Settings are looked up once they have not changed for this long. */
const settledMs = 400;

/** How often a page that waits for a model asks how much of it has been read. */
const reportMs = 500;

/** What buttons and fields do: asks the worker and writes into the store. Errors become notices, never exceptions. */
export class RunControl {
  readonly api: RunApi;
  readonly replay: ReplayControl;
  readonly #store: Store;
  readonly #warmup: WarmupControl;
  readonly #live: LiveRun;
  /** Model that the worker has loaded. */
  #openModel: string | null = null;
  #watching = false;
  #looking = false;
  /** A click on Start waits for changed settings to be looked up. */
  #awaiting = false;

  constructor(api: RunApi, store: Store) {
    this.api = api;
    this.replay = new ReplayControl(store);
    this.#store = store;
    this.#warmup = new WarmupControl(api, store);
    this.#live = new LiveRun(api, store, () => this.open());
  }

  /**
   * Opens the adapter and the model of the configuration, so that Start starts at once. What lies elsewhere is not
   * fetched for that: Start does it, below the addresses.
   */
  async open(): Promise<void> {
    this.#watchSettings();
    void this.listModels();
    const config = this.#store.config.value;
    if (runAddresses(config).length > 0 && this.#openModel !== config.model) {
      this.#store.opened.value = null;
      return;
    }
    // A link may have the page read a run first.
    await idle(this.#store);
    // Start may have been quicker than the look at changed settings.
    if (this.#live.running) return;
    const { opened, reopening } = this.#store;
    await this.#while("opening the adapter and loading the model", async () => {
      reopening.value = opened.value !== null;
      try {
        await this.#open();
      } finally {
        reopening.value = false;
      }
    });
  }

  /** The same after something was given that may have been missing; a run under way is left in peace. */
  async reopen(): Promise<void> {
    if (!this.#live.running && !this.#store.warmup.value.running) await this.open();
  }

  /** The one button: start, pause, go on. */
  async toggle(): Promise<void> {
    // Not awaited behind `busy`: pausing must always be possible
    if (this.#live.playing) await this.#live.pause();
    else if ((await this.#reopened()) && (await this.#ready())) await this.#live.play();
  }

  /** Goes on with a stored run from its checkpoint, under its own settings. A run that is under way here is saved first. */
  async resume(name: string, changes: Partial<RunConfig> = {}): Promise<void> {
    const question = { title: `Go on with “${name}”?`, yes: "Go on", sentences: [] };
    const asked = await this.#asksElsewhere(name);
    if (!(await this.#mayClose([...asked, ...closing(this.#store, "live")], question))) return;
    this.replay.close();
    this.#store.tab.value = "train";
    if (!(await this.#stop())) return;
    // It is being taken up; where that fails, it is looked up again.
    const { opened } = this.#store;
    if (opened.value) opened.value = { ...opened.value, resumable: undefined };
    const ready = await this.#while("going on from the checkpoint", async () => {
      const before = await this.#storedBefore(name);
      const config = await this.#loading(this.api.resume(name, changes));
      this.#store.changes.value = changesIn(config);
      this.#openModel = config.model;
      this.#live.begun(name, before);
    });
    if (ready) await this.#live.play();
    else await this.open();
  }

  /** One GRPO step. */
  async step(): Promise<void> {
    if ((await this.#reopened()) && (await this.#ready())) await this.#live.step();
  }

  /** Writes a checkpoint of the last step that was made. */
  save(): Promise<void> {
    return this.#live.save();
  }

  /** Takes the settings of a stored run for the next one. A run that is under way here is saved and ended. */
  async useSettings(name: string): Promise<void> {
    let config: RunConfig;
    try {
      config = await this.api.settings(name);
    } catch (error) {
      return this.#store.notices.error(error);
    }
    const sentences = ["The next run begins with Start."];
    const question = { title: `Use the settings of “${name}”?`, yes: "Use these settings", sentences };
    if (!(await this.#mayClose(closing(this.#store, "live"), question))) return;
    this.replay.close();
    if (!(await this.#stop())) return;
    this.#store.changes.value = changesIn(config);
    this.#store.tab.value = "train";
  }

  /** Ends the run; the next Start begins one with the settings shown, and the ended one can be gone on with. */
  async reset(): Promise<void> {
    if ((await this.#stop()) && this.#store.opened.value !== null) await this.open();
  }

  /** A new run with some settings changed, beside the curves of the one before. Asks where that ends or closes another. */
  async whatIf(changes: Partial<RunConfig>): Promise<void> {
    try {
      const wanted = { ...this.#store.changes.value, ...changes };
      const sentences = [beginning(resolveConfig(wanted))];
      const question = { title: "Start a new run?", yes: "Start the new run", sentences };
      if (!(await this.#mayClose(closing(this.#store), question))) return;
      this.replay.close();
      await this.#stop();
      this.#store.changes.value = differences(wanted);
    } catch (error) {
      return this.#store.notices.error(error);
    }
    await this.toggle();
  }

  /** Sets a preset; of the other settings only the seed stays. */
  choosePreset(preset: string): void {
    this.#store.changes.value = { preset, seed: this.#store.config.value.seed };
  }

  /** Sets one knob from what was typed. Returns what is wrong with it; the old value is kept then. */
  setKnob(key: keyof RunConfig, typed: unknown): string | null {
    const before = this.#store.changes.value;
    try {
      const value = checkKnob(key, typed);
      // A name, password or key in it would go into the page's address, the log and exports.
      if (key === "judgeUrl" && value !== "") readServerAddress(String(value));
      const wanted = { ...before, [key]: value };
      resolveConfig(wanted);
      if (this.#store.config.value[key] === value) return null;
      this.#store.changes.value = differences(wanted);
      if (knobs[key].applies === "next step" && this.#live.running) this.#change({ [key]: value }, before);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** The supervised stages from random weights, or on from where they were stopped. */
  async warmUp({ resume }: { resume: boolean }): Promise<void> {
    // The worker does one thing at a time
    await this.#stop();
    // What could not be kept is in the session of the warm-up, and goes with it.
    if (!(await this.#warmup.run(resume))) return;
    await this.#while("loading the model", () => this.#open());
  }

  /** Ends the warm-up after the step under way; what it has made is kept. */
  stopWarmup(): void {
    this.#warmup.stop();
  }

  listModels(): Promise<void> {
    return this.#warmup.list();
  }

  removeModel(name: string): Promise<void> {
    return this.#warmup.remove(name);
  }

  /** Shows a stored run in place of the live one. */
  async openStored(name: string): Promise<boolean> {
    return this.#look("reading the stored run", async () => {
      const [file, runs] = await Promise.all([
        readLog(this.api.rollouts, { kind: "stored", name }, "shown"),
        this.api.runs(),
      ]);
      const run = runs.find((candidate) => candidate.name === name);
      const waits = run !== undefined && run.writer === null && run.savedStep > 0 && run.savedStep < run.steps;
      const savedStep = waits ? run.savedStep : null;
      const imported = run?.imported && { imported: run.imported };
      this.#show({ name, title: run?.title, link: name, about: null, origin: "stored", savedStep, ...imported }, file);
    });
  }

  /** Whether a run by this name is stored in this browser. */
  async keeps(name: string): Promise<boolean> {
    try {
      return (await this.api.runs()).some((run) => run.name === name);
    } catch {
      // Who opens it says what is wrong.
      return true;
    }
  }

  /** Plays a recorded run that comes with the page, from its beginning. */
  async watch(recording: Recording): Promise<void> {
    if (!(await this.openRecording(recording))) return;
    this.replay.seek(0);
    void this.replay.play();
  }

  /** Shows a recorded run that comes with the page. */
  openRecording(recording: Recording): Promise<boolean> {
    const { title, link, about } = recording;
    return this.#look("fetching the recording", async () => {
      const text = new Blob([await fetchRecording(recording)]);
      const source = { kind: "file", name: `the recording “${title}”`, file: text } as const;
      const file = await readLog(this.api.rollouts, source, "shown");
      this.#show({ name: title, link, about, origin: "recording" }, file);
    });
  }

  /** Keeps the run of a file in this browser, and shows it. */
  async takeRun(file: File): Promise<boolean> {
    const { notices } = this.#store;
    let taken: UnpackedRun | null = null;
    await this.#look(`unpacking ${file.name}`, async () => {
      taken = await this.api.files.unpack(file);
    });
    const { name, notices: sentences } = (taken ?? {}) as Partial<UnpackedRun>;
    if (name === undefined || !(await this.openStored(name))) return false;
    notices.add("information", `${file.name} is kept in this browser as the run “${name}”`, { about: "shown run" });
    for (const sentence of sentences ?? []) notices.add("information", sentence, { about: "shown run" });
    return true;
  }

  /** Shows a run from a file: the events.jsonl of a run's folder, or a run file, which is kept. */
  async openFile(file: File): Promise<boolean> {
    const { name } = file;
    if (await isZip(file)) return this.takeRun(file);
    if (!isRunLog(await beginningOf(file)) && (await this.openForeign([{ path: name, file }]))) return true;
    const wanted = this.#store.wantedFile.value;
    return this.#look(`reading ${name}`, async (report) => {
      this.#show(
        { name, link: fileLink(name), about: null, origin: "file" },
        await readLog(this.api.rollouts, { kind: "file", name, file }, "shown", (share) =>
          report(`reading ${name}, ${Math.round(100 * share)} %`),
        ),
      );
      if (wanted && (wanted.name === name || wanted.from === "browser")) wanted.show();
      this.#store.wantedFile.value = null;
    });
  }

  /** Shows the rollouts of another program's log, where there is one among files. False where there is none. */
  async openForeign(files: readonly GivenFile[]): Promise<boolean> {
    const [first] = files;
    if (!first) return false;
    const name = first.path.split("/")[0]!;
    let found = false;
    await this.#look(`reading ${name}`, async () => {
      const translated = await this.api.files.translate(files);
      if (!translated) return;
      found = true;
      const source = { kind: "file", name, file: translated.log } as const;
      const about = `Made by ${translated.program}`;
      this.#show(
        { name, link: fileLink(name), about, origin: "file" },
        await readLog(this.api.rollouts, source, "shown"),
      );
      for (const sentence of translated.notices)
        this.#store.notices.add("information", sentence, { about: "shown run" });
    });
    return found;
  }

  #show(
    replay: Pick<Replay, "name" | "link" | "about" | "origin"> &
      Partial<Pick<Replay, "savedStep" | "title" | "imported">>,
    file: EventsFile,
  ): void {
    this.replay.open({ ...replay, unreadKnobs: file.unreadKnobs }, file.events);
    // The worker draws the pictures of both, and a person looks at one of them
    void this.#live.pause();
    for (const sentence of file.notices) this.#store.notices.add("information", sentence, { about: "shown run" });
  }

  async #open(): Promise<void> {
    const config = this.#store.config.value;
    const { busy } = this.#store;
    const before = busy.value;
    const large = largeShipped(config.model);
    if (large !== null && before !== null) busy.value = `loading the model ${large}`;
    const opened = await this.#loading(this.api.open(config, { trace: this.#store.traced.value }));
    if (busy.value !== null) busy.value = before;
    this.#store.opened.value = opened;
    for (const sentence of opened.notices ?? []) this.#store.notices.add("information", sentence);
    this.#openModel = config.model;
  }

  /** What may load a model: meanwhile the line that says what is waited for says how far it is. */
  async #loading<T>(work: Promise<T>): Promise<T> {
    const { busy } = this.#store;
    const before = busy.value;
    let isOver = false;
    const report = async () => {
      const now = await this.api.loading();
      if (now && !isOver && busy.value !== null) busy.value = loadingLine(now.doneBytes, now.ofBytes);
    };
    const reporting = setInterval(() => void report().catch(() => {}), reportMs);
    try {
      return await work;
    } finally {
      isOver = true;
      clearInterval(reporting);
      if (busy.value !== null) busy.value = before;
    }
  }

  /** True once no changed settings are being looked up; false where a click before waits for the same. */
  async #reopened(): Promise<boolean> {
    if (this.#awaiting) return false;
    this.#awaiting = true;
    while (this.#store.reopening.value) await idle(this.#store);
    this.#awaiting = false;
    return true;
  }

  /** True once a run stands ready to be pulled. */
  async #ready(): Promise<boolean> {
    this.replay.close();
    if (this.#live.running) return true;
    return this.#while("starting the run", async () => {
      const config = this.#store.config.value;
      if (this.#openModel !== config.model) await this.#open();
      const name = await this.api.start(config);
      this.#live.begun(name, emptyRun);
    });
  }

  /** What going on with a run of somebody else would ask of others, a sentence each: nobody here has agreed to it. */
  async #asksElsewhere(name: string): Promise<string[]> {
    try {
      const run = (await this.api.runs()).find((one) => one.name === name);
      if (!run?.imported) return [];
      const config = await this.api.settings(name);
      const judge = config.judge === "rules" ? "" : config.judgeUrl;
      const addresses = runAddresses(config);
      return [
        ...(judge === "" ? [] : [`It came out of a file, and sends questions and answers to a judge at ${judge}.`]),
        ...(addresses.length === 0 ? [] : [`It came out of a file, and fetches ${addresses.join(", ")}.`]),
      ];
    } catch {
      // Who goes on with it says what is wrong.
      return [];
    }
  }

  /** The resumed run's curves; its head cuts them at the checkpoint. */
  async #storedBefore(name: string): Promise<RunState> {
    const log = await readLog(this.api.rollouts, { kind: "stored", name }, "live").catch(() => null);
    // What is wrong with the log is said by whoever goes on with it.
    return log ? foldAll(log.events) : emptyRun;
  }

  /** Whether a person lets what is open be closed; true without a question where nothing is. */
  async #mayClose(closed: readonly string[], question: Omit<Question, "answer">): Promise<boolean> {
    if (closed.length === 0) return true;
    return ask(this.#store, { ...question, sentences: [...question.sentences, ...closed] });
  }

  #stop(): Promise<boolean> {
    return this.#while("stopping after the event under way", () => this.#live.end());
  }

  /** Other settings may name another model, or a run that can be gone on with. */
  #watchSettings(): void {
    if (this.#watching) return;
    this.#watching = true;
    let timer: ReturnType<typeof setTimeout>;
    let first = true;
    this.#store.config.subscribe(() => {
      clearTimeout(timer);
      if (!first)
        timer = setTimeout(() => this.#live.running || this.#store.warmup.value.running || void this.open(), settledMs);
      first = false;
    });
  }

  #change(changes: Partial<RunConfig>, before: Partial<RunConfig>): void {
    this.api.change(changes).catch((error: unknown) => {
      this.#store.changes.value = before;
      this.#store.notices.error(error);
    });
  }

  /**
   * Looks at a run, which needs no GPU: also while the model is being loaded. `report` takes how far it is. False where it
   * failed, or where another is looked up.
   */
  async #look(doing: string, work: (report: (doing: string) => void) => Promise<void>): Promise<boolean> {
    const { busy, notices } = this.#store;
    if (busy.value === null)
      return this.#while(doing, () =>
        work((now) => {
          busy.value = now;
        }),
      );
    if (this.#looking) return false;
    this.#looking = true;
    try {
      await work(() => {});
      return true;
    } catch (error) {
      notices.error(error);
      return false;
    } finally {
      this.#looking = false;
    }
  }

  /** Runs one thing at a time under a line that says what is waited for. False where it failed or another is under way. */
  async #while(doing: string, work: () => Promise<void>): Promise<boolean> {
    const { busy, notices } = this.#store;
    if (busy.value !== null) return false;
    busy.value = doing;
    try {
      await work();
      return true;
    } catch (error) {
      notices.error(error);
      return false;
    } finally {
      busy.value = null;
    }
  }
}

/** What a whole configuration changes of its preset. */
function changesIn({ judgeUrl, ...config }: RunConfig): Partial<RunConfig> {
  return differences(judgeUrl === "" ? config : { ...config, judgeUrl });
}
