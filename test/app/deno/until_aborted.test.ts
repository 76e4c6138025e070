import { expect, test } from "vitest";
import { untilAborted } from "../../../src/app/deno/commands/until_aborted.ts";

async function* numbers(last: number): AsyncGenerator<number> {
  for (let i = 0; i < last; i++) yield i;
  // A judge that never answers.
  await new Promise(() => {});
}

const taken = async (from: AsyncGenerator<number>, each: (value: number) => void) => {
  const values: number[] = [];
  for await (const value of from) {
    values.push(value);
    each(value);
  }
  return values;
};

test("what never comes is not waited for once the signal aborts; what came stands", async () => {
  const stop = new AbortController();
  const values = await taken(untilAborted(numbers(3), stop.signal), (value) => {
    if (value === 2) setTimeout(() => stop.abort(), 1);
  });
  expect(values).toEqual([0, 1, 2]);
});

test("nothing is taken after a stop, and an error comes through before", async () => {
  expect(await taken(untilAborted(numbers(3), AbortSignal.abort()), () => {})).toEqual([]);
  async function* broken(): AsyncGenerator<number> {
    yield 1;
    throw new Error("Expected a picture, found none");
  }
  await expect(taken(untilAborted(broken(), new AbortController().signal), () => {})).rejects.toThrow(
    "Expected a picture, found none",
  );
});
