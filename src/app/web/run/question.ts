import type { RunConfig } from "../../../train/knobs.ts";
import { count, counted } from "../labels/numbers.ts";
import { runName } from "../labels/run_name.ts";
import type { Store } from "./store.ts";

/** Something that a person is asked before it happens. */
export interface Question {
  title: string;
  /** What will happen, a sentence each. */
  sentences: readonly string[];
  /** What the button says that lets it happen. */
  yes: string;
  answer(yes: boolean): void;
}

/** Asks, and resolves with the answer. A question that stands there already is answered by no. */
export function ask(store: Store, question: Omit<Question, "answer">): Promise<boolean> {
  store.question.peek()?.answer(false);
  return new Promise((resolve) => {
    store.question.value = {
      ...question,
      answer(yes) {
        store.question.value = null;
        resolve(yes);
      },
    };
  });
}

/**
 * What another run would end or close in this page, a sentence each; none where nothing is open.
 * @param which  live: the run under way alone
 */
export function closing(store: Store, which: "all" | "live" = "all"): string[] {
  const live = store.live.peek();
  const replay = which === "all" ? store.replay.peek() : null;
  const begun = live.head !== null && store.player.peek() !== "over";
  return [
    ...(begun
      ? [
          `The run “${store.storedAs.peek() ?? runName(live.head!.config)}” is saved and ends after step ${count(live.step)} of ${count(live.config!.steps)}; it stays under Runs, where Go on continues it.`,
        ]
      : []),
    ...(replay ? [`The shown run “${replay.title ?? replay.name}” is closed; it can be opened again.`] : []),
  ];
}

/** What a new run with these settings will be, in a sentence. */
export const beginning = (config: RunConfig): string =>
  `A new run begins: ${runName(config)}; ${counted(config.steps, "step")} of ${counted(config.tasksPerStep, "task")}, ${counted(config.rolloutsPerTask, "attempt")} at each.`;
