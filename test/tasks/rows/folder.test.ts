import { expect, test } from "vitest";
import { folderRows } from "../../../src/tasks/rows/folder.ts";

const rows = (name: string, text: string, files: Record<string, number[]> = {}) =>
  folderRows({ name, bytes: new TextEncoder().encode(text) }, async (path) => {
    if (!files[path]) throw new Error(`no ${path}`);
    return Uint8Array.from(files[path]);
  });

test("JSON Lines: one picture or several, other columns carried along", async () => {
  const source = rows(
    "list.jsonl",
    '{"image":"a.png","question":"Q","answer":7,"bbox":[1,2,3,4],"data_source":"mine","level":2}\n\n{"images":["./a.png","b/c.png"],"question":"Q","answer":"A"}\n',
    { "a.png": [1], "b/c.png": [2, 3] },
  );
  expect(source.rows).toBe(2);
  const first = await source.row(0);
  expect(first).toMatchObject({ question: "Q", answer: "7", dataSource: "mine", goldBoxSourcePx: [1, 2, 3, 4] });
  expect(first.columns.level).toBe(2);
  expect((await (await source.row(1)).pictures()).map((bytes) => [...bytes])).toEqual([[1], [2, 3]]);
});

test("CSV: a box and a list are written as JSON", async () => {
  const source = rows("list.csv", 'image,question,answer,bbox\n"[""a.png"",""a.png""]",Q,A,"[0,0,5,6]"\n,Q,A,\n', {
    "a.png": [1],
  });
  const row = await source.row(0);
  expect(row.goldBoxSourcePx).toEqual([0, 0, 5, 6]);
  expect(await row.pictures()).toHaveLength(2);
  expect(await (await source.row(1)).pictures()).toEqual([]);
});

test("a line that is wrong costs its row alone", async () => {
  const source = rows(
    "l.jsonl",
    '{bad\n[1]\n{"question":"Q"}\n{"question":"Q","answer":"A","bbox":[3,0,1,1]}\n{"question":"Q","answer":"A"}',
  );
  await expect(source.row(0)).rejects.toThrow(/^l\.jsonl, line 1: expected a JSON object, found /);
  await expect(source.row(1)).rejects.toThrow("l.jsonl, line 2: expected a JSON object, found [1]");
  await expect(source.row(2)).rejects.toThrow("l.jsonl, row 2, answer: expected text, found none");
  await expect(source.row(3)).rejects.toThrow("expected a bbox with left < right and top < bottom, found [3,0,1,1]");
  expect((await source.row(4)).answer).toBe("A");
});

test.each(["../a.png", "/etc/passwd", "C:\\a.png", "https://elsewhere/a.png", "a/../../b.png", "file:a.png"])(
  "a picture outside the folder is not read: %s",
  async (path) => {
    const source = rows("l.jsonl", JSON.stringify({ image: path, question: "Q", answer: "A" }));
    await expect((await source.row(0)).pictures()).rejects.toThrow("expected the path of a picture inside the folder");
  },
);

test("NaN, as Python writes what is missing, is null; not within a text", async () => {
  const source = rows("l.jsonl", '{"image":"a.png","question":"NaN?","answer":"A","bbox":NaN,"x":[NaN, 1]}\n');
  expect(await source.row(0)).toMatchObject({ question: "NaN?", columns: { bbox: null, x: [null, 1] } });
});

test("a CSV without the columns", () => {
  expect(() => rows("l.csv", "a.png,What?,cat\n")).toThrow("found a.png, What?, cat");
  expect(() => rows("l.csv", "image,text\na.png,hello\n")).toThrow(
    "l.csv: expected the columns image, question and answer, found image, text",
  );
});
