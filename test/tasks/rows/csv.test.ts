import { expect, test } from "vitest";
import { readCsv } from "../../../src/tasks/rows/csv.ts";
import { utf8Of } from "../../../src/tasks/rows/text_encoding.ts";

function csvRows(text: string, file: string): Record<string, string>[] {
  const read = readCsv(utf8Of(new TextEncoder().encode(text), file), file);
  return Array.from({ length: read.rows }, (_, i) => read.row(i));
}

test("quotes, commas and line ends inside fields; lines of either kind; a byte order mark", () => {
  expect(csvRows('\uFEFFimage, question\r\na.png,"One, ""two""\nthree"\r\n\r\nb.png,\n', "a.csv")).toEqual([
    { image: "a.png", question: 'One, "two"\nthree' },
    { image: "b.png", question: "" },
  ]);
  expect(csvRows("a,b\n1,2", "a.csv")).toEqual([{ a: "1", b: "2" }]);
});

test.each([";", "\t", "|"])("fields between %j, where the first line has no comma", (sign) => {
  const text = `image${sign}question${sign}answer\na.png${sign}One, two?${sign}"x${sign}""y"""\n`;
  expect(csvRows(text, "a.csv")).toEqual([{ image: "a.png", question: "One, two?", answer: `x${sign}"y"` }]);
});

test("a first line with a comma has commas between its fields", () => {
  expect(csvRows("a;b,c\n1;2,3\n", "a.csv")).toEqual([{ "a;b": "1;2", c: "3" }]);
});

test.each([
  ["", "a.csv: expected a first line that names the columns, found an empty file"],
  ["a,b\n1,2\n1", "a.csv, line 3: expected 2 fields as in the first line, found 1"],
  ['a\n"x', "a.csv, line 2: a quote is opened and never closed"],
  ['a\n"x"y', "a.csv, line 2: expected a comma or the end of the line after a quoted field"],
])("%j", (text, message) => {
  expect(() => csvRows(text, "a.csv")).toThrow(message);
});
