import { expect, test } from "vitest";
import { expectTeachable } from "../../../src/app/session/session_warmup.ts";

test("what a warm-up cannot teach is said before anything is written", () => {
  const needle = { freeze: "none", model: "needle" } as const;
  expect(() => expectTeachable(needle, 16)).not.toThrow();
  expect(() => expectTeachable(needle, null)).not.toThrow();
  expect(() => expectTeachable({ ...needle, freeze: "vision" }, 16)).toThrow("set freeze to none for it");
  expect(() => expectTeachable({ freeze: "none", model: "models/qwen" }, 28)).toThrow(
    "pictures of 64 x 64 px, and models/qwen takes sides that are multiples of 28; choose needle, story, worlds",
  );
});
