import { expect, test } from "vitest";
import { resolveConfig } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { presets } from "../../src/train/presets.ts";
import { worldHint } from "../../src/train/world_hint.ts";

const hint = (changes: Partial<RunConfig>) => worldHint(resolveConfig(changes));

test("no preset, and no preset of an other seed or data, is warned of", () => {
  for (const preset of Object.keys(presets)) expect(hint({ preset }), preset).toBeNull();
  expect(hint({ preset: "needle", data: "rows.jsonl", worlds: "hunt" })).toBeNull();
  expect(hint({ preset: "hunt", maxToolCalls: 2, hopsMax: 2 })).toBeNull();
  expect(hint({ preset: "hunt", zoom: false, maxToolCalls: 1 })).toBeNull();
  expect(hint({ preset: "count", objects: 8, glyphPx: 16 })).toBeNull();
  expect(hint({ preset: "needle", reward: "tools-rl" })).toBeNull();
});

test.each([
  [{ preset: "needle", worlds: "hunt" }, /^The model needle was taught Needle alone: questions of hunt are new to it/],
  [{ preset: "story", worlds: "needle,count" }, /^The model story was taught Needle alone: questions of count/],
  [
    { preset: "read", firstTurnTokens: 12 },
    /^A call of the model worlds takes 18 tokens, and a first turn may have 12/,
  ],
  [{ preset: "relate", nextTurnTokens: 5 }, /and a later turn may have 5: every call but the first will be cut off/],
  [{ preset: "hunt", maxToolCalls: 1 }, /^Questions of hunt take up to 4 zooms, and a rollout may call once: /],
  [{ preset: "hunt", maxToolCalls: 3 }, /and a rollout may call 3 times/],
  [{ preset: "relate", maxToolCalls: 1 }, /^Questions of relate take up to 2 zooms, and a rollout may call once/],
  [{ preset: "hunt", worlds: "hunt,relate,count" }, /^Scenes of hunt are 2,048 px wide and those of relate, count 512/],
  [{ preset: "needle", worlds: "needle,hunt", model: "worlds" }, /^A call of the model worlds takes 18 tokens/],
  [{ preset: "hunt", glyphPx: 3 }, /^Hunts are 2,048 px wide .* a quarter of 3 px/],
  [{ preset: "relate", shapeMinPx: 300, shapeMaxPx: 340 }, /^4 shapes of 300 to 340 px find no room .* relate's/],
  [{ preset: "needle", shapeMinPx: 16, glyphPx: 16 }, /^Texts of needle are 80 px wide, with dots of 16 px/],
  [
    { preset: "relate", worlds: "relate,read" },
    /^Texts of read are 51 px wide, with dots of 3 px, and shapes of 48 to/,
  ],
  [{ preset: "relate", overlap: 0.9 }, /^With an overlap of 0\.9 shapes hide texts/],
  [
    { preset: "relate", worlds: "relate,needle", reward: "tools-rl" },
    /^Scenes of relate have no one target .*: until step 50 nothing/,
  ],
] as [Partial<RunConfig>, RegExp][])("%o is one sentence, and what helps removes it", (changes, sentence) => {
  const first = hint(changes)!;
  expect(first.sentence).toMatch(sentence);
  expect(first.sentence.match(/\.(\s|$)/g)).toHaveLength(1);
  let wanted: Partial<RunConfig> = changes;
  for (let found: typeof first | null = first, presses = 0; found; found = hint(wanted), presses++) {
    expect(presses).toBeLessThan(3);
    wanted = { ...wanted, ...found.help.changes };
  }
});
