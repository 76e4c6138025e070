import { expect, test } from "vitest";
import { lessonRules, readParts, wholePage } from "../../../../src/app/web/run/lesson.ts";
import { noPlace, readUrl, writeUrl } from "../../../../src/app/web/run/url_state.ts";

test("parts and knobs are read with dots or commas between them, once each", () => {
  expect(readParts("hide", "memory.seed,memory")).toEqual(["memory", "seed"]);
  expect(() => readParts("hide", "memori")).toThrow('there is no part "memori" to hide; did you mean "memory"?');
  expect(() => readParts("only", 'x"]{}')).toThrow("to show");
  expect(() => readParts("only", ".")).toThrow("only must name parts of the page with dots between them, found none");
});

test("a lesson stands in the address, and what is wrong in it leaves the rest", () => {
  const { state, messages } = readUrl("?preset=needle&hide=memory.verl&only=reward");
  expect(messages).toEqual([]);
  expect(state.lesson).toEqual({ hide: ["memory", "verl"], only: ["reward"] });
  expect(writeUrl(state)).toBe("?preset=needle&hide=memory.verl&only=reward");
  const broken = readUrl("?preset=needle&hide=nothing&only=reward");
  expect(broken.messages).toEqual([expect.stringContaining('In the address: there is no part "nothing" to hide')]);
  expect(broken.state.lesson).toEqual({ hide: [], only: ["reward"] });
  expect(readUrl("?preset=needle").state).not.toHaveProperty("lesson");
  const whole = { tab: "train" as const, ...noPlace, changes: {}, lesson: wholePage, others: [] };
  expect(writeUrl(whole)).toBe("?preset=needle");
});

test("the rules name what is hidden, and nothing where all is shown", () => {
  expect(lessonRules(wholePage)).toBe("");
  expect(lessonRules({ hide: ["memory"], only: [] })).toContain(':is([data-part="memory"]) { display: none');
  expect(lessonRules({ hide: [], only: ["seed"] })).toContain(
    '[data-part]:not([data-part="seed"]):not(:has([data-part="seed"])):not(:is([data-part="seed"]) *) { display: none',
  );
});
