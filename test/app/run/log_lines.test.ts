import { expect, test } from "vitest";
import { linesOf, longestLine } from "../../../src/app/run/log_lines.ts";
import { LogReader } from "../../../src/app/run/log_reader.ts";
import { resolveConfig } from "../../../src/train/config.ts";

async function* given(pieces: Iterable<string>) {
  yield* pieces;
}
const read = async (pieces: Iterable<string>): Promise<(string | null)[]> => {
  const lines: (string | null)[] = [];
  for await (const some of linesOf(given(pieces))) lines.push(...some);
  return lines;
};

test("lines are the same however the text is cut", async () => {
  const text = "a\n\nbcd\r\ne";
  for (let size = 1; size <= text.length; size++) {
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
      text.slice(i * size, (i + 1) * size),
    );
    expect(await read(pieces)).toEqual(["a", "", "bcd\r", "e"]);
  }
  expect(await read([])).toEqual([""]);
  expect(await read(["a\n"])).toEqual(["a", ""]);
});

test("a line that is too long is reported once, as soon as it is", async () => {
  const megabytes = " ".repeat(2 ** 24);
  const long = new Array(longestLine / 2 ** 24 + 3).fill(megabytes);
  expect(await read(["a\n", ...long, "b\nc"])).toEqual(["a", null, "c"]);
  let asked = 0;
  function* endless() {
    for (;;) {
      asked++;
      yield megabytes;
    }
  }
  for await (const some of linesOf(given(endless()))) if (some.includes(null)) break;
  expect(asked).toBe(longestLine / 2 ** 24 + 1);
});

test("a log of too many parts that are none is given up", () => {
  const reader = new LogReader("the log", "choose another", { mostLeftOut: 100 });
  reader.line(
    `{"type":"run","format":2,"config":${JSON.stringify(resolveConfig({}))},"model":{"name":"needle","parameters":1},"adapter":"a","resumedAt":0,"startedAt":""}`,
  );
  const wrong = '{"type":"update","step":1}';
  const read = () => {
    for (let i = 0; i <= 100; i++) reader.line(wrong);
  };
  expect(read).toThrow(
    /^the log has more than 100 parts that are not what a run writes, first line 2, .*; choose another$/,
  );
});
