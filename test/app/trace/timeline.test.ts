import { describe, expect, test } from "vitest";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import { type ChromeEvent, chromeTrace } from "../../../src/app/trace/chrome_trace.ts";
import { stepTimes, timelineTable } from "../../../src/app/trace/timeline_table.ts";
import { elapsing, onHost, record, recorded, Timeline, waiting } from "../../../src/timeline.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { platform } from "../../support/shipped.ts";

/** Six steps of 10 ms, of which the first three are left out: work of 6 ms with 2 of another part in it, a pass of 5. */
function sixSteps(): Timeline {
  const timeline = new Timeline();
  for (let step = 0; step < 6; step++) {
    const at = 100 + 10 * step;
    timeline.add("host", "inner", at + 3, at + 5);
    timeline.add("host", "outer", at + 1, at + 7);
    timeline.add("wait", "read a", at + 7, at + 8);
    timeline.add("wait", "read a", at + 7.5, at + 9);
    timeline.add("gpu", `decode ${8 * step}`, at + 2, at + 6);
    timeline.add("gpu", "update 64 32", at + 5, at + 7);
    timeline.add("step", `step ${step + 1}`, at, at + 10);
  }
  return timeline;
}

describe("a timeline", () => {
  test("says where a step's time goes", () => {
    const times = stepTimes(sixSteps())!;
    expect(times).toMatchObject({ steps: 3, wallMs: 10, gpuBusyMs: 5 });
    const rounded = (parts: { name: string; times: number; ms: number }[]) =>
      parts.map(({ name, times, ms }) => [name, Math.round(times), Math.round(10 * ms) / 10]);
    expect(rounded(times.host)).toEqual([
      ["outer", 1, 4],
      ["inner", 1, 2],
    ]);
    expect(rounded(times.waits)).toEqual([["read a", 2, 2.5]]);
    expect(rounded(times.gpu)).toEqual([
      ["decode", 1, 4],
      ["update", 1, 2],
    ]);
    expect(timelineTable(sixSteps())).toMatch(/^GPU idle +5\.00 ms +50 %$/m);
    expect(stepTimes(new Timeline())).toBeNull();
  });

  test("is written as Chrome reads it: spans that nest side by side with those that do not", () => {
    const { traceEvents } = JSON.parse(JSON.stringify(chromeTrace(sixSteps()))) as { traceEvents: ChromeEvent[] };
    const drawn = traceEvents.filter(({ ph }) => ph !== "M");
    expect(Math.min(...drawn.map(({ ts }) => ts!))).toBe(0);
    expect(drawn.filter(({ name }) => name === "outer")[0]).toMatchObject({
      ph: "X",
      ts: 1000,
      dur: 6000,
      cat: "host",
    });
    const [begins, ends] = (["b", "e"] as const).map((kind) => drawn.filter(({ ph }) => ph === kind));
    expect(begins).toHaveLength(12);
    expect(ends!.map(({ id }) => id)).toEqual(begins!.map(({ id }) => id));
    const rows = traceEvents.filter(({ name }) => name === "thread_name").map(({ tid }) => tid);
    for (const { tid } of drawn) expect(rows).toContain(tid);
  });

  test("takes what happens between its beginning and its end, also what throws", async () => {
    expect(onHost("before", () => 1)).toBe(1);
    const timeline = new Timeline();
    record(timeline);
    try {
      expect(() =>
        onHost("fails", () => {
          throw new Error("no");
        }),
      ).toThrow("no");
      await expect(waiting("read", Promise.reject(new Error("lost")))).rejects.toThrow("lost");
      expect(await elapsing("pictures", Promise.resolve(2))).toBe(2);
    } finally {
      record(null);
    }
    onHost("after", () => 1);
    expect(timeline.spans.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "host fails",
      "wait read",
      "elapsed pictures",
    ]);
  });
});

test("a traced run has every pass of the GPU and every wait of the host on one clock", async () => {
  const config = resolveConfig({ seed: 5, steps: 5, tasksPerStep: 1, rolloutsPerTask: 2 });
  const session = await openGpuSession(platform, config, { timeline: true, overlap: { ahead: true, lanes: 1 } });
  try {
    expect(recorded()).not.toBeNull();
    const startedMs = performance.now();
    for await (const _ of session.train());
    const traced = (await session.tracedSteps())!;
    const { traceEvents } = JSON.parse(JSON.stringify(traced.chrome)) as { traceEvents: ChromeEvent[] };
    const of = (cat: string) => traceEvents.filter((event) => event.cat === cat);
    expect(of("step").map(({ name }) => name)).toEqual([1, 2, 3, 4, 5].map((n) => `step ${n}`));
    const names = new Set(of("gpu").map(({ name }) => name.replace(/( \d+)+$/, "")));
    expect([...names].sort()).toEqual(["collect", "decode", "optimizer", "prefill", "update"]);
    // Both clocks run side by side: passes lie within the run.
    const lengthUs = 1000 * (performance.now() - startedMs);
    for (const { ts, dur } of of("gpu")) {
      expect(ts).toBeGreaterThanOrEqual(0);
      expect(ts! + dur!).toBeLessThan(lengthUs + 50_000);
    }
    // The next prompts are submitted before the results of the update are there.
    const waits = of("wait").filter(({ name }) => name === "read logprob.out");
    const begins = waits.filter(({ ph }) => ph === "b");
    expect(begins).toHaveLength(5);
    const prompts = of("host").filter(({ name }) => name === "prefill");
    for (const { id, ts } of begins.slice(0, -1)) {
      const end = waits.find((one) => one.ph === "e" && one.id === id)!.ts!;
      expect(prompts.some((one) => one.ts! > ts! && one.ts! < end)).toBe(true);
    }
    // Nor does a step of one lane wait more often than a look or two a turn, and once for the update.
    expect(traced.times!.waits.reduce((sum, { times }) => sum + times, 0)).toBeLessThanOrEqual(8);
    expect(traced.table).toContain("a step, mean of 2");
    expect(traced.times!.gpuBusyMs).toBeGreaterThan(0);
  } finally {
    session.close();
  }
  expect(recorded()).toBeNull();
}, 120_000);
