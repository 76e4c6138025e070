import { expect, test } from "vitest";
import { folderRows } from "../../../src/tasks/rows/folder.ts";
import { type FileTaskSettings, fileTasks } from "../../../src/tasks/sources/file_tasks.ts";
import { dataFiles, openRows, recipeSettings } from "../../support/data_files.ts";

const settings: FileTaskSettings = { ...recipeSettings, seed: 3, heldOutRows: 4 };
const sources = () => Promise.all(dataFiles.map((name) => openRows(name)));

test("the same step and index give the same task, whoever asks and whenever", async () => {
  const one = fileTasks(await sources(), settings);
  const other = fileTasks(await sources(), settings);
  const ids = async (tasks: typeof one, step: number) => (await tasks.take(step, 5)).map(({ id }) => id);
  const forwards = [await ids(one, 0), await ids(one, 1), await ids(one, 2)];
  const backwards = [await ids(other, 2), await ids(other, 1), await ids(other, 0)].reverse();
  expect(forwards).toEqual(backwards);
  expect(new Set(forwards.flat()).size).toBeGreaterThan(8);
});

test("an epoch shows every row that can be trained on; what is held out never comes", async () => {
  const tasks = fileTasks(await sources(), settings);
  const held = (await tasks.heldOut(100)).map(({ id }) => id);
  const seen = new Set<string>();
  for (let step = 0; step < 17; step++) for (const { id } of await tasks.take(step, 1)) seen.add(id);
  expect(held.filter((id) => seen.has(id))).toEqual([]);
  // 21 rows, 3 of them charts.
  expect(new Set([...seen, ...held]).size).toBe(18);
  expect(tasks.skipped).toEqual(new Map([["chart", 3]]));
  expect([...tasks.skippedRows.keys()].every((id) => id.startsWith("chart.parquet/"))).toBe(true);
});

test("a task has its columns, its pictures' sizes, and pictures by its id", async () => {
  const tasks = fileTasks([await openRows("thinklite")], { ...settings, heldOutRows: 0 });
  const all = (await Promise.all([0, 1, 2, 3, 4, 5, 6].map((step) => tasks.take(step, 1)))).flat();
  const two = all.find(({ id }) => id === "thinklite.parquet/4")!;
  expect(two).toMatchObject({ dataSource: "thinklite_eureka", answer: "5", question: "What is 4 + 1?" });
  expect(two.columns!.ability).toBe("vqa");
  expect(two.imageSizesPx).toEqual([
    { width: 80, height: 60 },
    { width: 50, height: 90 },
  ]);
  const pictures = await tasks.pictures(two);
  expect(pictures.map(({ width, height, data }) => [width, height, data.length])).toEqual([
    [80, 60, 80 * 60 * 3],
    [50, 90, 50 * 90 * 3],
  ]);
  expect(all.find(({ id }) => id === "thinklite.parquet/2")!.imageSizesPx).toEqual([]);
  await expect(tasks.pictures({ ...two, id: "else/4" })).rejects.toThrow(
    /such as "thinklite.parquet\/0", found "else\/4"/,
  );
});

test("a held-out row that is trained on as well, under whatever name, is not asked", async () => {
  const [picture] = await (await (await openRows("thinklite")).row(1)).pictures();
  const [other] = await (await (await openRows("thinklite")).row(3)).pictures();
  const line = (image: string, question: string) => JSON.stringify({ image, question, answer: "A" });
  // Rows 0 and 1 of every pair are one row; row "b" has the same words under another picture.
  const lines = Array.from({ length: 8 }, (_, i) => [
    line("a.png", `Q${i}`),
    line("copy.png", `Q${i} `),
    line("b.png", `Q${i}`),
  ]);
  const list = new TextEncoder().encode(lines.flat().join("\n"));
  const files = [folderRows({ name: "l.jsonl", bytes: list }, async (path) => (path === "b.png" ? other! : picture!))];
  const tasks = fileTasks(files, { ...settings, heldOutRows: 8 });
  const held = await tasks.heldOut(100);
  const seen = new Set<string>();
  for (let step = 0; step < 16; step++) for (const { id } of await tasks.take(step, 1)) seen.add(id);
  expect(seen.size).toBe(16);
  const isTwin = (a: string, b: string) => {
    const [i, j] = [a, b].map((id) => Number(id.split("/")[1]));
    return Math.floor(i! / 3) === Math.floor(j! / 3) && i! % 3 < 2 && j! % 3 < 2;
  };
  for (const { id } of held) expect([...seen].filter((trained) => isTwin(trained, id))).toEqual([]);
  const left = 8 - held.length;
  expect(left).toBeGreaterThan(0);
  expect(held.some(({ id }) => Number(id.split("/")[1]) % 3 === 2)).toBe(true);
  expect(tasks.counts!()).toMatchObject({ "data/held_out_also_trained": left });
  expect(tasks.heldOutNotes!()).toEqual([
    "8 of 24 rows are set apart",
    `${left} of them stand among the other rows as well, on which a run trains, word for word, and are not asked`,
  ]);
});

test("a box moves with a picture that is enlarged", async () => {
  const [bytes] = await (await (await openRows("thinklite")).row(1)).pictures();
  const list = new TextEncoder().encode('{"image":"a.png","question":"Q","answer":"A","bbox":[0,5,10,10]}');
  const tasks = fileTasks([folderRows({ name: "l.jsonl", bytes: list }, async () => bytes!)], {
    ...settings,
    heldOutRows: 0,
  });
  const [task] = await tasks.take(0, 1);
  // 10 x 10 becomes 56 x 56.
  expect(task!.imageSizesPx).toEqual([{ width: 56, height: 56 }]);
  expect(task!.goldBoxSourcePx).toEqual([0, 28, 56, 56]);
});

test("files of which nothing can be trained on end with the last row's sentence", async () => {
  const tasks = fileTasks([await openRows("chart")], { ...settings, heldOutRows: 0 });
  await expect(tasks.take(0, 1)).rejects.toThrow(
    /found 1000 that are left out; chart\.parquet\/\d: rows of data_source chart/,
  );
  const chart = await openRows("chart");
  const allHeldOut = fileTasks([chart], { ...settings, heldOutRows: 3 });
  await expect(allHeldOut.take(0, 1)).rejects.toThrow("found 3 of which all are held out");
  expect(() => fileTasks([chart, chart], settings)).toThrow("Two files have the same name");
});
