import { expect, test } from "vitest";
import { Random } from "../../src/tasks/random.ts";
import { RunningSha256 } from "../../src/tasks/running_sha256.ts";
import { sha256 } from "../../src/tasks/sha256.ts";

test("the examples of FIPS 180-4", () => {
  const of = (text: string) => new RunningSha256().add(new TextEncoder().encode(text)).hex();
  expect(of("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(of("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("parts of any length are as the whole, as the platform sums it", async () => {
  const random = new Random(3, [1]);
  for (const length of [1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 70_001]) {
    const bytes = Uint8Array.from({ length }, () => Math.floor(256 * random.uniform()));
    const sum = new RunningSha256();
    for (let at = 0; at < length; ) {
      const to = Math.min(length, at + 1 + Math.floor(200 * random.uniform()));
      // At an offset into its buffer, as parts of files are.
      sum.add(bytes.subarray(at, to));
      at = to;
    }
    expect(sum.hex(), `${length}`).toBe(await sha256(bytes));
  }
});
