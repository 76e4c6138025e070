import type { Pixels } from "../../image/pixels.ts";
import { expectNoControlToken } from "../rows/texts.ts";
import type { Task } from "../task.ts";

/** Where tasks come from. The same step and count give the same tasks, whoever asks and whenever. */
export interface TaskSource {
  name: string;
  /** The tasks of an optimizer step; steps count from 0. */
  take(step: number, count: number): Promise<Task[]>;
  /** Tasks that `take` never gives, the same at every call; fewer where there are no more. */
  heldOut(count: number): Promise<Task[]>;
  /** Why `heldOut` gave fewer than it was asked for, one sentence a reason. */
  heldOutNotes?(): string[];
  /** Numbers for curves and logs: what was left out so far, and why. */
  counts?(): Record<string, number>;
  /** The pictures of a task in source pixels, made or read again from its id. */
  pictures(task: Task): Promise<Pixels[]>;
}

/** A task as a person's source gives it; the name of the source is added. */
export type GivenTask = Omit<Task, "source">;

/** What a person writes to have a source of tasks. Functions may return at once or later. */
export interface TasksDefinition {
  /** How logs name it. Small letters, digits, "-" and "_"; not "needle". */
  name: string;
  /** For people, e.g. "Counting dots". */
  label: string;
  /** One line: what is asked. */
  help: string;
  /** The tasks of an optimizer step; the same for the same step and count. Steps count from 0. */
  take(step: number, count: number): readonly GivenTask[] | Promise<readonly GivenTask[]>;
  /** Tasks for evaluations that `take` never gives; fewer where there are no more. Absent: there are none. */
  heldOut?(count: number): readonly GivenTask[] | Promise<readonly GivenTask[]>;
  /** The pictures of a task in source pixels, 8-bit RGB, found again from its id, as large as its `imageSizesPx` say. */
  pictures(task: Task): readonly Pixels[] | Promise<readonly Pixels[]>;
  /** Numbers for curves and logs. */
  counts?(): Record<string, number>;
}

/** A source that a person defined, with its text for people. */
export interface DefinedTasks extends TaskSource {
  readonly label: string;
  readonly help: string;
}

/** Those that were checked, which are not checked a second time. */
const defined = new WeakSet<TaskSource>();

const allowedName = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/**
 * A source of tasks, checked when it is defined and whenever it gives something: a mistake is reported in one sentence
 * before anything is sampled.
 *
 *     export default defineTasks({
 *       name: "dots",
 *       label: "Counting dots",
 *       help: "How many dots are in the picture?",
 *       take: (step, count) => Array.from({ length: count }, (_, i) => dotsTask(`train/${step}/${i}`)),
 *       heldOut: (count) => Array.from({ length: count }, (_, i) => dotsTask(`heldout/${i}`)),
 *       pictures: ({ id }) => [dotsPicture(id)],
 *     });
 *
 * @throws Error with one sentence that names what is wrong
 */
export function defineTasks(definition: TasksDefinition | DefinedTasks): DefinedTasks {
  if (typeof definition !== "object" || definition === null)
    throw new Error(`Expected a task source, an object with a name, take() and pictures(), found ${definition}`);
  if (defined.has(definition as DefinedTasks)) return definition as DefinedTasks;
  const { name, label, help } = definition;
  if (typeof name !== "string" || !allowedName.test(name) || name === "needle")
    throw new Error(
      `Expected a task source's name of small letters, digits, "-" and "_", other than needle, found ${JSON.stringify(name)}; rename it`,
    );
  for (const [field, value] of Object.entries({ label, help }))
    if (typeof value !== "string" || value === "")
      throw new Error(`Expected a text as ${field} of the task source ${name}, found ${JSON.stringify(value)}`);
  for (const field of ["take", "pictures"] as const)
    if (typeof definition[field] !== "function")
      throw new Error(`Expected a function ${field}() in the task source ${name}, found ${typeof definition[field]}`);
  if (definition.heldOut !== undefined && typeof definition.heldOut !== "function")
    throw new Error(
      `Expected a function heldOut() in the task source ${name}, or none, found ${typeof definition.heldOut}`,
    );
  const { counts } = definition;
  const source: DefinedTasks = {
    name,
    label,
    help,
    take: async (step, count) => {
      const tasks = checkedTasks(name, await definition.take(step, count));
      if (tasks.length !== count)
        throw new Error(`Expected ${count} tasks of step ${step} from the source ${name}, found ${tasks.length}`);
      return tasks;
    },
    heldOut: async (count) => {
      const tasks = checkedTasks(name, (await definition.heldOut?.(count)) ?? []);
      if (tasks.length > count)
        throw new Error(`Expected at most ${count} held-out tasks from the source ${name}, found ${tasks.length}`);
      return tasks;
    },
    pictures: async (task) => {
      const given: unknown = await definition.pictures(task);
      if (!Array.isArray(given) || given.some((one) => typeof one !== "object" || one === null))
        throw new Error(
          `Expected a list of pictures for ${task.id} from the source ${name}, found ${JSON.stringify(given)}`,
        );
      const pictures: Pixels[] = given;
      const found = pictures.map(({ width, height }) => `${width} x ${height}`).join(", ") || "none";
      const expected = task.imageSizesPx.map(({ width, height }) => `${width} x ${height}`).join(", ") || "none";
      if (found !== expected)
        throw new Error(
          `Expected the pictures of ${task.id} as large as its imageSizesPx say (${expected}), found ${found}; they are px, width x height`,
        );
      for (const { width, height, data } of pictures)
        if (data?.length !== 3 * width * height)
          throw new Error(
            `Expected 8-bit RGB for the picture of ${task.id}, ${3 * width * height} bytes of ${width} x ${height} px, found ${data?.length}`,
          );
      // Objects of our own: a source may write into its own again, and what is known of a picture goes by its object.
      return pictures.map(({ width, height, data }) => ({ width, height, data }));
    },
    ...(counts ? { counts: () => counts.call(definition) } : {}),
    heldOutNotes: () => (definition.heldOut ? [] : [`the task source ${name} has no heldOut()`]),
  };
  defined.add(source);
  return source;
}

/** @throws Error that names the source, the task and what is wrong with it */
function checkedTasks(source: string, tasks: readonly GivenTask[]): Task[] {
  if (!Array.isArray(tasks))
    throw new Error(
      `Expected a list of tasks from the source ${source}, found ${tasks === null ? "null" : typeof tasks}`,
    );
  const seen = new Set<string>();
  return (tasks as readonly GivenTask[]).map((task) => {
    const where = `the task ${JSON.stringify(task?.id)} of the source ${source}`;
    for (const field of ["id", "question", "answer"] as const)
      if (typeof task?.[field] !== "string" || task[field] === "")
        throw new Error(`Expected a text as ${field} of ${where}, found ${JSON.stringify(task?.[field])}`);
    expectNoControlToken([task.question], where);
    if (seen.has(task.id)) throw new Error(`Expected each task of the source ${source} once, found ${where} twice`);
    seen.add(task.id);
    const isSize = (px: unknown): boolean => Number.isInteger(px) && (px as number) > 0;
    if (
      !Array.isArray(task.imageSizesPx) ||
      !task.imageSizesPx.every((one) => isSize(one?.width) && isSize(one?.height))
    )
      throw new Error(
        `Expected imageSizesPx of ${where} as a list of { width, height } in px, found ${JSON.stringify(task.imageSizesPx)}`,
      );
    return { ...task, source };
  });
}
