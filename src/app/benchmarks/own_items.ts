import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import type { Item } from "./benchmark.ts";
import { taskItem } from "./task_items.ts";

/** A person's own tasks: a set for each file or data set, in it a category for each `data_source`. */
export function ownItems(tasks: readonly Task[], source: Pick<TaskSource, "pictures">): Item[] {
  const guesses = new Map<string, number>();
  for (const set of new Set(tasks.map((task) => task.source))) {
    const answers = tasks.filter((task) => task.source === set).map(({ answer }) => answer.trim());
    guesses.set(set, mostFrequent(answers) / answers.length);
  }
  return tasks.map((task) =>
    taskItem(task, {
      set: task.source,
      category: task.dataSource || "rows",
      guess: guesses.get(task.source)!,
      pictures: () => source.pictures(task),
    }),
  );
}

/** How often the most frequent of them stands there. */
function mostFrequent(answers: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return Math.max(...counts.values());
}
