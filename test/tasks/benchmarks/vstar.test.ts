import { expect, test } from "vitest";
import { vstar } from "../../../src/tasks/benchmarks/vstar.ts";
import { folderOf, vstarFiles } from "../../support/benchmark_files.ts";

test("pictures with a JSON file beside each: the right option first, boxes by their edges", async () => {
  const folder = folderOf(await vstarFiles(3, 2));
  const { questions, all, notes } = await vstar.open(folder);
  expect(all).toBe(5);
  expect(questions.map(({ id, category }) => [id, category])).toEqual([
    ["vstar/direct_attributes/sa_0", "direct_attributes"],
    ["vstar/direct_attributes/sa_1", "direct_attributes"],
    ["vstar/direct_attributes/sa_2", "direct_attributes"],
    ["vstar/relative_position/sa_100", "relative_position"],
    ["vstar/relative_position/sa_101", "relative_position"],
  ]);
  expect(questions[1]).toMatchObject({
    question: "What is the colour of glove 1?",
    given: [{ options: ["red.", "blue.", "green.", "white."], right: 0 }],
    targetsSourcePx: [[10, 20, 40, 30]],
  });
  expect(questions[3]!.targetsSourcePx).toEqual([
    [0, 0, 10, 10],
    [40, 40, 60, 60],
  ]);
  expect(notes).toEqual([
    "V* has 115 questions of direct_attributes, found 3",
    "V* has 76 questions of relative_position, found 2",
  ]);
  // Pictures are read when they are asked for.
  expect(folder.reads.filter((path) => path.endsWith(".jpg"))).toEqual([]);
  expect((await questions[0]!.picture()).length).toBeGreaterThan(50);
});

test("a limit takes of both halves and reads no more than that", async () => {
  const folder = folderOf(await vstarFiles(6, 6));
  const { questions, all } = await vstar.open(folder, 3);
  expect(questions.map(({ category }) => category)).toEqual([
    "direct_attributes",
    "direct_attributes",
    "relative_position",
  ]);
  expect(all).toBe(12);
  expect(folder.reads.length).toBe(3);
});

test("test_questions.jsonl where nothing stands beside the pictures", async () => {
  const files = await vstarFiles(2, 1);
  for (const name of Object.keys(files)) if (name.endsWith(".json")) delete files[name];
  const { questions, notes } = await vstar.open(folderOf(files));
  expect(questions[0]).toMatchObject({
    id: "vstar/direct_attributes/0",
    question: "What is the colour of glove 0?",
    given: [{ options: ["blue.", "green.", "white.", "red."], right: 3 }],
    targetsSourcePx: [],
  });
  expect(questions[2]!.given).toEqual([{ options: ["on the right", "on the left"], right: 1 }]);
  expect(notes[0]).toContain("which marks no objects: IoU is not known");
  delete files["direct_attributes/sa_0.jpg"];
  const again = await vstar.open(folderOf(files));
  await expect(again.questions[0]!.picture()).rejects.toThrow(
    "Expected the picture direct_attributes/sa_0.jpg beside test_questions.jsonl in folder, found no such file",
  );
});

test("what is missing or wrong is one sentence", async () => {
  await expect(vstar.open(folderOf({}))).rejects.toThrow(
    "Expected V* in folder: the folders direct_attributes and relative_position with pictures and a JSON file beside each, or test_questions.jsonl; found no such folder",
  );
  const text = (value: string) => new TextEncoder().encode(value);
  await expect(vstar.open(folderOf({ "a.txt": text("") }))).rejects.toThrow("test_questions.jsonl; found neither");
  const files = await vstarFiles(2, 0);
  delete files["direct_attributes/sa_1.json"];
  await expect(vstar.open(folderOf(files))).rejects.toThrow(
    "folder: expected direct_attributes/sa_1.json beside direct_attributes/sa_1.jpg, found no such file; download it again",
  );
  const broken = async (json: string) =>
    vstar.open(folderOf({ "direct_attributes/a.jpg": text(""), "direct_attributes/a.json": text(json) }));
  await expect(broken("{")).rejects.toThrow("folder/direct_attributes/a.json: expected a JSON object, found");
  await expect(broken('{"question": "Q", "options": ["one"]}')).rejects.toThrow(
    'expected options, 2 or more texts, found ["one"]',
  );
  await expect(broken('{"question": "Q", "options": ["a", "b"], "bbox": [[1, 2, 3]]}')).rejects.toThrow(
    "expected bbox as a list of [left, top, width, height], found [[1,2,3]]",
  );
  const listed = async (row: object) =>
    vstar.open(folderOf({ "test_questions.jsonl": text(`\n${JSON.stringify(row)}\n`) }));
  await expect(listed({ image: "a.jpg", text: "Q\n(A) x", category: "c", label: "A" })).rejects.toThrow(
    'line 2: expected a text with options (A), (B) and so on, and the letter of one as label; found 1 options and the label "A"',
  );
  await expect(listed({ image: "../a.jpg", text: "", category: "c", label: "A" })).rejects.toThrow(
    "expected the path of a picture inside the folder",
  );
  await expect(listed({ image: "a.jpg", text: "Q" })).rejects.toThrow("expected category as text, found nothing");
});
