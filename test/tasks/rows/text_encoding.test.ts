import { describe, expect, test } from "vitest";
import { folderRows } from "../../../src/tasks/rows/folder.ts";
import { textOf, utf8Of } from "../../../src/tasks/rows/text_encoding.ts";
import { readBytes } from "../../support/png.ts";

const fault = (name: string) => readBytes(new URL(`../../golden/faults/csv-encoding/${name}`, import.meta.url));
const noPicture = () => Promise.reject(new Error("no picture"));

test("Windows-1252 and Latin-1 are refused by name, line by line, and nothing becomes U+FFFD", async () => {
  const csv = folderRows({ name: "cp1252.csv", bytes: await fault("cp1252.csv") }, noPicture);
  await expect(csv.row(0)).rejects.toThrow(
    'cp1252.csv, line 2: expected text in UTF-8, found the byte e9 where no letter begins (as Windows-1252 or Latin-1 it would read "café"); save the file as UTF-8',
  );
  const jsonl = folderRows({ name: "latin1.jsonl", bytes: await fault("latin1.jsonl") }, noPicture);
  await expect(jsonl.row(0)).rejects.toThrow(/latin1\.jsonl, line 1: .+ the byte e9 .+Windows-1252 or Latin-1/);
});

test("one line in another encoding costs its row alone", async () => {
  const good = new TextEncoder().encode('{"question":"Où?","answer":"là"}\n');
  const bytes = Uint8Array.from([...good, ...new TextEncoder().encode('{"question":"caf'), 0xe9, ...good, ...good]);
  const source = folderRows({ name: "l.jsonl", bytes }, noPicture);
  expect(source.rows).toBe(3);
  expect((await source.row(0)).answer).toBe("là");
  await expect(source.row(1)).rejects.toThrow("l.jsonl, line 2");
  expect((await source.row(2)).question).toBe("Où?");
});

test("UTF-16 is read, with a mark and without", async () => {
  const marked = folderRows({ name: "utf16.csv", bytes: await fault("utf16.csv") }, noPicture);
  expect(await marked.row(0)).toMatchObject({ question: "Q?", answer: "A", columns: { image: "a.png" } });
  const text = 'image,question,answer\na.png,Q?,"A, ☃"\n';
  for (const isLittle of [true, false])
    for (const mark of ["\uFEFF", ""]) {
      const bytes = new Uint8Array((mark + text).length * 2);
      const view = new DataView(bytes.buffer);
      [...(mark + text)].forEach((letter, i) => {
        view.setUint16(i * 2, letter.charCodeAt(0), isLittle);
      });
      expect((await folderRows({ name: "u.csv", bytes }, noPicture).row(0)).answer).toBe("A, ☃");
    }
});

describe("what cannot be read is named", () => {
  test("UTF-32", () => {
    expect(() => utf8Of(Uint8Array.of(0xff, 0xfe, 0, 0, 65, 0, 0, 0), "a.csv")).toThrow(
      "a.csv: expected text in UTF-8, found UTF-32; save the file as UTF-8",
    );
  });
  test("half of a pair in UTF-16", () => {
    expect(() => utf8Of(Uint8Array.of(0xff, 0xfe, 65, 0, 0, 0xd8, 66, 0), "a.csv")).toThrow(
      "looks like UTF-16 and is damaged",
    );
  });
  test.each([
    [[65, 0xc3], "c3"],
    [[65, 0xc0, 0x80], "c0"],
    [[0xed, 0xa0, 0x80], "ed"],
    [[0xf4, 0x90, 0x80, 0x80], "f4"],
    [[0xe2, 0x98, 65], "e2"],
    [[0x80], "80"],
  ])("%j", (bytes, byte) => {
    expect(() => textOf(Uint8Array.from(bytes), "a")).toThrow(`found the byte ${byte} where no letter begins`);
  });
  test("and every letter of Unicode passes", () => {
    const all = Array.from({ length: 0x11000 }, (_, i) =>
      i >= 0xd80 && i < 0xe00 ? "" : String.fromCodePoint(i * 16),
    ).join("");
    expect(textOf(new TextEncoder().encode(all), "a")).toBe(all);
  });
});
