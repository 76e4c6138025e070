import { expect, test } from "vitest";
import { Recent } from "../../src/tasks/recent.ts";

test("what was asked for last is cached, up to a sum; a failure is not", async () => {
  const recent = new Recent<number>(10, (size) => size);
  const made: string[] = [];
  const get = (key: string, size: number) =>
    recent.get(key, async () => {
      made.push(key);
      return size;
    });
  await Promise.all([get("a", 4), get("a", 4)]);
  await get("b", 4);
  await get("a", 4);
  await get("c", 4);
  await get("a", 4);
  await get("b", 4);
  expect(made).toEqual(["a", "b", "c", "b"]);
  // Larger than everything: cached until the next.
  await get("d", 50);
  await get("d", 50);
  expect(made.filter((key) => key === "d")).toHaveLength(1);
  await expect(recent.get("e", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await get("e", 1)).toBe(1);
});
