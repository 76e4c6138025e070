import { expect, test } from "vitest";
import { defineTasks, type TasksDefinition } from "../../../src/tasks/sources/task_source.ts";
import type { Task } from "../../../src/tasks/task.ts";

const dot = (id: string) => ({ id, question: "How many dots?", answer: "1", imageSizesPx: [{ width: 2, height: 1 }] });
const definition: TasksDefinition = {
  name: "dots",
  label: "Dots",
  help: "how many dots are in the picture",
  take: (step, count) => Array.from({ length: count }, (_, i) => dot(`train/${step}/${i}`)),
  pictures: () => [{ width: 2, height: 1, data: new Uint8Array(6) }],
};

test("gives tasks with the name of their source, and their pictures", async () => {
  const source = defineTasks({ ...definition, heldOut: async () => [dot("heldout/0")], counts: () => ({ dots: 1 }) });
  expect(await source.take(3, 2)).toEqual([
    { ...dot("train/3/0"), source: "dots" },
    { ...dot("train/3/1"), source: "dots" },
  ]);
  expect((await source.heldOut(5)).map(({ id }) => id)).toEqual(["heldout/0"]);
  expect(source.heldOutNotes?.()).toEqual([]);
  expect(source.counts?.()).toEqual({ dots: 1 });
  const [task] = await source.take(0, 1);
  expect(await source.pictures(task as Task)).toHaveLength(1);
});

test("may do without held-out tasks, and says so", async () => {
  const source = defineTasks(definition);
  expect(await source.heldOut(4)).toEqual([]);
  expect(source.heldOutNotes?.()).toEqual(["the task source dots has no heldOut()"]);
  expect(source.counts).toBeUndefined();
});

test.each<[string, Partial<Record<keyof TasksDefinition, unknown>>, string]>([
  ["too few", { take: () => [] }, "Expected 1 tasks of step 0 from the source dots, found 0"],
  ["no list", { take: () => ({}) }, "Expected a list of tasks from the source dots, found object"],
  [
    "no question",
    { take: () => [{ ...dot("a"), question: "" }] },
    'Expected a text as question of the task "a" of the source dots, found ""',
  ],
  [
    "a number",
    { take: () => [{ ...dot("a"), answer: 1 }] },
    'Expected a text as answer of the task "a" of the source dots, found 1',
  ],
  ["no sizes", { take: () => [{ ...dot("a"), imageSizesPx: undefined }] }, 'Expected imageSizesPx of the task "a"'],
  ["size 0", { take: () => [{ ...dot("a"), imageSizesPx: [{ width: 0, height: 1 }] }] }, '[{"width":0,"height":1}]'],
])("a task that cannot be used is reported in one sentence: %s", async (_, changes, sentence) => {
  const source = defineTasks({ ...definition, ...(changes as Partial<TasksDefinition>) });
  await expect(source.take(0, 1)).rejects.toThrow(sentence);
});

test("the same task twice in a step, and more held-out tasks than asked for", async () => {
  const twice = defineTasks({ ...definition, take: () => [dot("a"), dot("a")] });
  await expect(twice.take(0, 2)).rejects.toThrow('found the task "a" of the source dots twice');
  const many = defineTasks({ ...definition, heldOut: () => [dot("a"), dot("b")] });
  await expect(many.heldOut(1)).rejects.toThrow("Expected at most 1 held-out tasks from the source dots, found 2");
});

test.each<[string, unknown[], string]>([
  ["none", [], "(2 x 1), found none"],
  ["another size", [{ width: 1, height: 1, data: new Uint8Array(3) }], "(2 x 1), found 1 x 1"],
  [
    "RGBA",
    [{ width: 2, height: 1, data: new Uint8Array(8) }],
    "Expected 8-bit RGB for the picture of a, 6 bytes of 2 x 1 px, found 8",
  ],
])("pictures that do not fit their task: %s", async (_, pictures, sentence) => {
  const source = defineTasks({ ...definition, pictures: () => pictures as never });
  await expect(source.pictures({ ...dot("a"), source: "dots" })).rejects.toThrow(sentence);
});

test.each<[string, object, string]>([
  ["needle", { name: "needle" }, "other than needle"],
  ["name", { name: "Dots!" }, 'found "Dots!"; rename it'],
  ["help", { help: undefined }, "Expected a text as help of the task source dots, found undefined"],
  ["take", { take: 1 }, "Expected a function take() in the task source dots, found number"],
])("what cannot be a source is refused: %s", (_, changes, sentence) => {
  expect(() => defineTasks({ ...definition, ...changes } as TasksDefinition)).toThrow(sentence);
});
