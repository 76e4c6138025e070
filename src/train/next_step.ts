import { type OpenedTasks, openTasks } from "../agent/opened_tasks.ts";
import { deferred } from "../deferred.ts";
import { onHost } from "../timeline.ts";
import type { RunConfig } from "./knobs.ts";
import { rollSettings, type TakenTasks, takeTasks, togetherOf } from "./rolling.ts";
import type { RollingParts } from "./run_parts.ts";

/** A step's settings, its tasks, and the first of them where their prompts are in the model already. */
export interface Begun {
  config: RunConfig;
  taken: TakenTasks;
  opened?: OpenedTasks;
}

/**
 * The step that comes next. Its tasks and pictures are made from the moment this is, while the step before rolls, and
 * its first prompts go into the model behind the update of that step: the GPU has work while the host reports what
 * came of it. Whether something was made ahead changes no bit.
 */
export class NextStep {
  readonly #parts: RollingParts;
  /** Steps made before it. */
  readonly #step: number;
  #count: number;
  #taken: Promise<TakenTasks>;
  #opened: { config: RunConfig; tasks: OpenedTasks } | null = null;

  constructor(parts: RollingParts, step: number) {
    this.#parts = parts;
    this.#step = step;
    this.#count = parts.config().tasksPerStep;
    this.#taken = this.#take();
  }

  /**
   * The update of the step before. Once that is in the GPU's queue, this step's first prompts follow; its tasks are there
   * when this resolves.
   * @param update     calls `submitted`
   * @param meanwhile  what the host can do while the GPU computes both
   * @throws what the update or the source of tasks throws
   */
  async behind<T>(update: (submitted: () => void) => Promise<T>, meanwhile: () => void): Promise<T> {
    const { promise, resolve } = deferred<void>();
    const updating = onHost("update", () => update(resolve));
    // Where it fails before, nothing follows, and what it threw is thrown below.
    const isSubmitted = await Promise.race([promise, updating]).then(
      () => true,
      () => false,
    );
    if (isSubmitted) {
      await this.#open();
      meanwhile();
    }
    const updated = await updating;
    await this.#taken;
    return updated;
  }

  /** Puts its first prompts into the model, but where the run ends before it, or an evaluation needs the cache first. */
  async #open(): Promise<void> {
    const config = this.#parts.config();
    const { steps, evalEvery, tasksPerStep } = config;
    const isEvaluated = evalEvery > 0 && this.#step % evalEvery === 0;
    if (this.#step >= steps || isEvaluated || tasksPerStep !== this.#count || this.#parts.signal?.aborted) return;
    try {
      const { tasks, pictures } = await this.#taken;
      const first = tasks.slice(0, togetherOf(config, tasks));
      const parts = { ...this.#parts, pictures: (task: { id: string }) => pictures.get(task.id)! };
      const settings = rollSettings({ ...this.#parts, config: () => config }, { step: this.#step, greedy: false });
      this.#opened = { config, tasks: await openTasks(parts, first, settings) };
    } catch {
      // The step opens its tasks itself then, and throws the same.
    }
  }

  /** What it begins with, under the settings of now; what was made ahead under others is given up. */
  async begin(): Promise<Begun> {
    for (;;) {
      const config = this.#parts.config();
      if (config.tasksPerStep !== this.#count) {
        this.#count = config.tasksPerStep;
        this.#taken = this.#take();
      }
      const taken = await this.#taken;
      // What is changed while its tasks are waited for is part of it.
      if (!isSame(config, this.#parts.config())) continue;
      const opened = this.#opened;
      const isUsable = opened !== null && isSame(opened.config, config) && opened.tasks.conversations.current;
      if (!isUsable) this.close();
      this.#opened = null;
      return { config, taken, ...(isUsable ? { opened: opened.tasks } : {}) };
    }
  }

  /** Gives the cache back that its prompts take. */
  close(): void {
    this.#opened?.tasks.conversations.close();
    this.#opened = null;
  }

  #take(): Promise<TakenTasks> {
    const taken = takeTasks(this.#parts, this.#step, this.#count);
    // Thrown where it is waited for.
    taken.catch(() => {});
    return taken;
  }
}

const isSame = (a: RunConfig, b: RunConfig): boolean =>
  a === b || (Object.keys(a) as (keyof RunConfig)[]).every((key) => a[key] === b[key]);
