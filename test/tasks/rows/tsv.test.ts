import { expect, test } from "vitest";
import { blobBytes } from "../../../src/tasks/byte_source.ts";
import { largeField, tsvRows } from "../../../src/tasks/rows/tsv.ts";

const file = (text: string) => blobBytes("list.tsv", new Blob([text]));

test("quotes hold tabs, line ends and doubled quotes; others are letters", async () => {
  const rows = await tsvRows(file('a\tb\r\n1\t"x\ty\nz"\r\n\n"say ""hi"""\t5" nails\r\n""\tlast'), []);
  expect(rows.map(({ fields }) => fields)).toEqual([
    { a: "1", b: "x\ty\nz" },
    { a: 'say "hi"', b: '5" nails' },
    { a: "", b: "last" },
  ]);
});

test("large fields are left where they stand, larger than a window too", async () => {
  const long = "QUJD".repeat(3 << 20);
  const source = file(`name\timage\tend\nfirst\t${long}\té\nsecond\t"AA""BB"\tb\n`);
  const rows = await tsvRows(source, ["image"]);
  expect(rows.map(({ fields }) => fields)).toEqual([
    { name: "first", end: "é" },
    { name: "second", end: "b" },
  ]);
  expect((await largeField(source, rows[0]!.places.image!)) === long).toBe(true);
  expect(await largeField(source, rows[1]!.places.image!)).toBe('AA"BB');
});

test("the last column may be the large one, whatever ends the line", async () => {
  const source = file("name\timage\r\nfirst\tQUJD\r\nsecond\tREVG");
  const rows = await tsvRows(source, ["image"]);
  expect(await Promise.all(rows.map(({ places }) => largeField(source, places.image!)))).toEqual(["QUJD", "REVG"]);
});

test("an error names its row", async () => {
  await expect(tsvRows(file("a\tb\n1\t2\n3\n"), [])).rejects.toThrow(
    "list.tsv, row 1: expected 2 fields as in the first line, found 1",
  );
  await expect(tsvRows(file('a\tb\n1\t"2\n'), [])).rejects.toThrow(
    "list.tsv, row 0: a quote is opened and never closed",
  );
  await expect(tsvRows(file(""), [])).rejects.toThrow("expected a first line that names the columns, found none");
  await expect(tsvRows(file(`a\n${"x".repeat(2 << 20)}`), ["image"])).rejects.toThrow(
    "list.tsv, row 0: expected fields of at most 1048576 bytes beside image",
  );
});
