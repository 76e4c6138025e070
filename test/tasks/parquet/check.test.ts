import { describe, expect, test } from "vitest";
import { checkPages } from "../../../src/tasks/parquet/check.ts";

/** One data page of the first version without compression; the header is given, not read. */
function check(body: number[], values: number, levels = { repetition: 0, definition: 0 }, promised = values) {
  const header = {
    type: "DATA_PAGE" as const,
    compressed_page_size: body.length,
    uncompressed_page_size: body.length,
    data_page_header: {
      num_values: promised,
      encoding: "RLE_DICTIONARY" as const,
      definition_level_encoding: "RLE" as const,
      repetition_level_encoding: "RLE" as const,
    },
  };
  checkPages(
    Uint8Array.from(body),
    values,
    levels,
    () => ({ header, headerBytes: 0 }),
    (bytes) => bytes,
  );
}

describe("numbers into a dictionary", () => {
  // Width 3, then a run of one value: its length times 2, the value.
  test("a run as long as the page has values", () => {
    check([3, 10 << 1, 5], 10);
  });
  test("packed eights may hold more than the page", () => {
    check([3, (2 << 1) | 1, 1, 2, 3, 4, 5, 6], 10);
  });
  test("a packed block of 256 for ten values, where all of it stands there", () => {
    check([3, (32 << 1) | 1, ...new Array(96).fill(0)], 10);
    expect(() => check([3, (32 << 1) | 1, ...new Array(95).fill(0)], 10)).toThrow(/a run says that it has 256 of 10/);
  });
  test("a run of half a milliard values is not obeyed", () => {
    expect(() => check([3, 0x80, 0x80, 0x80, 0x80, 0x04, 5], 10)).toThrow(
      /a run says that it has 536870912 of 10 values/,
    );
  });
  test("packed values without bits neither", () => {
    expect(() => check([1, 0x81, 0x80, 0x80, 0x80, 0x04], 10)).toThrow(/a run says/);
  });
  test("a width that no number has", () => {
    expect(() => check([77, 2, 0], 10)).toThrow("a page says that its numbers have 77 bits");
  });
});

test("levels are checked before them", () => {
  // Definition levels: 3 bytes of runs; then width 1 and a run.
  check([2, 0, 0, 0, 4 << 1, 1, 1, 4 << 1, 0], 4, { repetition: 0, definition: 1 });
  expect(() => check([2, 0, 0, 0, 9 << 1, 1, 1, 4 << 1, 0], 4, { repetition: 0, definition: 1 })).toThrow(
    "a run says that it has 9 of 4 values",
  );
});

test("counts that do not fit", () => {
  expect(() => check([1, 8, 0], 4, undefined, 5)).toThrow("a page says that it has 5 of 4 values");
  expect(() => check([1, 8, 0], 2 ** 30)).toThrow("a column says that it has 1073741824 values");
});
