import { expect, test } from "vitest";
import type { Row } from "../../../src/tasks/rows/row.ts";
import { rowTwins } from "../../../src/tasks/rows/twins.ts";

/** Rows that all ask the same, each with a picture of 100 bytes; `pictures` are their first bytes. */
function alike(pictures: readonly number[]) {
  const reads: number[] = [];
  const rowAt = async (row: number): Promise<Row> => ({
    question: "Is there a scratch?",
    answer: "yes",
    dataSource: "",
    envName: "",
    messages: [],
    columns: {},
    pictures: async () => {
      reads.push(row);
      return [new Uint8Array(100).fill(pictures[row]!, 0, 1)];
    },
  });
  return { rowAt, reads };
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test("rows that ask the same are distinguished by their pictures, each of which is read once", async () => {
  const { rowAt, reads } = alike([0, 1, 2, 3, 1, 9]);
  const twins = rowTwins(upTo(4), rowAt);
  expect([await twins.has(4), await twins.has(5), await twins.has(5)]).toEqual([true, false, false]);
  expect(reads.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
});

test("of thousands of rows that ask the same only so many pictures are read, and what was not compared is not called different", async () => {
  const { rowAt, reads } = alike([...upTo(3000).map(() => 1), 1, 9]);
  const twins = rowTwins(upTo(3000), rowAt, 2000);
  expect(await twins.has(3000)).toBe(true);
  expect(await twins.has(3001)).toBeNull();
  expect(reads.length).toBeLessThan(25);
});
