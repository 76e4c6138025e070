import { expect, test } from "vitest";
import type { Estimate } from "../../../src/app/memory/estimate.ts";
import { fitLines, fitOf } from "../../../src/app/memory/fit.ts";
import { smaller } from "../../../src/app/memory/remedies.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";

const gib = 2 ** 30;
const config = resolveConfig({ tasksPerStep: 4, rolloutsPerTask: 8, loraRank: 16 });

/** A gibibyte a rollout; checkpointing halves that. Nothing else is looked at. */
function taken({ rolloutsPerTask, gradientCheckpointing }: RunConfig): Estimate {
  return { usualBytes: (rolloutsPerTask * gib) / (gradientCheckpointing === "on" ? 2 : 1) } as Estimate;
}
const asked: Partial<RunConfig>[] = [];
const again = async (changes: Partial<RunConfig>) => {
  asked.push(changes);
  return taken({ ...config, ...changes });
};

test("whether a run fits is not known where the card's memory is not given", async () => {
  const fit = await fitOf(config, taken(config), { memoryBytes: null, estimating: again });
  expect(fit).toMatchObject({ bytes: 8 * gib, fits: null, remedies: [] });
  expect(fitLines(config, fit)).toEqual([expect.stringMatching(/^It fits where 8\.0 GiB are free on the card/)]);
});

test("a run that fits needs no change, and nothing else is counted", async () => {
  asked.length = 0;
  const fit = await fitOf(config, taken(config), { memoryBytes: 9 * gib, estimating: again });
  expect(fitLines(config, fit)).toEqual(["It fits: 8.0 of 9.0 GiB"]);
  expect(asked).toEqual([]);
});

test("the least change that is enough is the last that is tried", async () => {
  const fit = await fitOf(config, taken(config), { memoryBytes: 5 * gib, estimating: again });
  expect(fit.remedies).toEqual([{ changes: { gradientCheckpointing: "on" }, bytes: 4 * gib }]);
  expect(fitLines(config, fit)).toEqual([
    "It does not fit: 8.0 GiB, the card has 5.0",
    "What helps, and what the run then takes:",
    "  --gradient-checkpointing on: 4.0 GiB",
  ]);
});

test("changes that are not enough by themselves may be so together, and it is reported where they are not", async () => {
  const fit = await fitOf(config, taken(config), { memoryBytes: 1.5 * gib, estimating: again });
  expect(fit.remedies.at(-1)).toMatchObject({ bytes: gib });
  expect(fit.remedies.at(-1)!.changes).toMatchObject({ gradientCheckpointing: "on", rolloutsPerTask: 2 });
  const never = fitLines(config, await fitOf(config, taken(config), { memoryBytes: 0.5 * gib, estimating: again }));
  expect(never.at(-1)).toBe("  none of these is enough; take a smaller model");
});

test("a buffer that is too large is reported, with what makes the run possible", async () => {
  const narrow = async (changes: Partial<RunConfig>) => {
    if (changes.tasksPerRoll !== 1) throw new Error("keys are too large");
    return taken(config);
  };
  const fit = await fitOf(config, new Error("keys are too large"), { memoryBytes: null, estimating: narrow });
  expect(fit).toMatchObject({ bytes: null, fits: false, problem: "keys are too large" });
  expect(fit.remedies[0]).toEqual({ changes: { tasksPerRoll: 1 }, bytes: 8 * gib });
});

test("nothing more is counted once the answer is no longer needed", async () => {
  asked.length = 0;
  await fitOf(config, taken(config), { memoryBytes: gib / 2, estimating: again, stopping: () => asked.length >= 2 });
  expect(asked).toHaveLength(2);
});

test("an adapter that the run goes on from keeps its rank", () => {
  const ranks = (changes: Partial<RunConfig>) => smaller(resolveConfig(changes)).map(({ loraRank }) => loraRank);
  expect(ranks({ adapter: "runs/a" }).filter((rank) => rank !== undefined)).toEqual([]);
  expect(ranks({})).toContain(16);
});

test("what is so already is no change", () => {
  const least = resolveConfig({
    tasksPerStep: 1,
    rolloutsPerTask: 2,
    loraRank: 4,
    baseDtype: "int4",
    gradientCheckpointing: "on",
    kvCacheDtype: "bf16",
    maxPixels: 100_000,
    responseTokens: 100,
  });
  expect(smaller(least)).toEqual([]);
});
