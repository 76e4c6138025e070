import { expect, test } from "vitest";
import { loadingLine } from "../../../src/app/session/loading_line.ts";

test("a small model is counted in MB, a large one in GB", () => {
  expect(loadingLine(3_000_000, 8_954_904)).toBe("loading the model: 33 % of 9.0 MB");
  expect(loadingLine(0, 7_509_245_952)).toBe("loading the model: 0 % of 7.51 GB");
  expect(loadingLine(0, 0)).toBe("loading the model: 100 % of 0.0 MB");
});
