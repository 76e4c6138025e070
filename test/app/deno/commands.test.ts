import { afterEach, beforeEach, expect, test } from "vitest";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import { type CommandContext, Stopped } from "../../../src/app/deno/command_line/command_context.ts";
import { runCommand } from "../../../src/app/deno/commands/commands.ts";
import { chromeTrace } from "../../../src/app/trace/chrome_trace.ts";
import { stepTimes, timelineTable } from "../../../src/app/trace/timeline_table.ts";
import { Timeline } from "../../../src/timeline.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import { fakeSession } from "../../support/fake_session.ts";

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
});
afterEach(() => Deno.remove(folder, { recursive: true }));

async function run(
  line: string,
  changes: Partial<CommandContext> & { gpu?: GPU | null } = {},
  altered = (session: ReturnType<typeof fakeSession>) => session,
): Promise<{ code: number; lines: string[]; configs: RunConfig[] }> {
  const parsed = parseArguments(line.split(" "));
  if (parsed.help) throw new Error("not a command to run");
  const lines: string[] = [];
  const configs: RunConfig[] = [];
  const sessions: ReturnType<typeof fakeSession>[] = [];
  const { gpu = {} as GPU, ...rest } = changes;
  try {
    const code = await runCommand(parsed, {
      terminal: { print: (text) => lines.push(text), progress: () => {} },
      openPlatform: async () => ({
        name: "deno",
        gpu,
        gpuMissing: "No GPU found; install one",
        assetSize: async () => null,
        readAsset: async () => new Uint8Array(),
        list: async () => null,
        addressOf: () => null,
      }),
      openSession: async (_, config) => {
        configs.push(config);
        sessions.push(altered(fakeSession(config)));
        return sessions.at(-1)!;
      },
      compileKernels: async function* () {},
      compilers: async () => [],
      stopping: () => false,
      untilStopped: async () => {},
      dist: `${folder}/dist`,
      ...rest,
    });
    return { code, lines, configs };
  } finally {
    expect(sessions.every((session) => session.closed)).toBe(true);
  }
}
const names = async (path: string) => {
  const found: string[] = [];
  for await (const entry of Deno.readDir(path)) found.push(entry.name);
  return found.sort();
};

test("train writes a run folder, and goes on with it", async () => {
  const first = await run(`train --steps 2 --seed 5 --out ${folder}/a`);
  expect(first.code).toBe(0);
  expect(first.lines).toEqual([
    "needle (2 parameters) on Fake",
    "step 1/2  reward 1.000  accuracy 0.500  0.00 s (roll 0.00 s, update 0.00 s)",
    "step 2/2  reward 3.000  accuracy 0.500  0.00 s (roll 0.00 s, update 0.00 s)",
    `checkpoint of step 2 in ${folder}/a`,
    "done after step 2",
  ]);
  expect(await names(`${folder}/a`)).toEqual(["checkpoint", "config.json", "events.jsonl"]);
  const second = await run(`train --resume ${folder}/a --steps 3`);
  expect(second.configs[0]).toMatchObject({ steps: 3, seed: 5 });
  expect(second.lines.slice(0, 2)).toEqual([
    "needle (2 parameters) on Fake, going on after step 2",
    "step 3/3  reward 6.000  accuracy 0.500  0.00 s (roll 0.00 s, update 0.00 s)",
  ]);
});

test("train twice takes the next free folder, and says which; a folder that was named must be free", async () => {
  const before = Deno.cwd();
  Deno.chdir(folder);
  try {
    for (const place of ["runs/needle-5", "runs/needle-5-2", "runs/needle-5-3"])
      expect((await run("train --steps 1 --seed 5")).lines[0]).toBe(`The run is written into ${place}`);
    await Deno.mkdir("runs/warmup-needle-0");
    await Deno.writeTextFile("runs/warmup-needle-0/notes.txt", "mine");
    expect((await run("warmup")).lines[0]).toBe("The run is written into runs/warmup-needle-0-2");
    await expect(run("train --steps 1 --out runs/needle-5")).rejects.toThrow("holds a run already; go on with it by");
  } finally {
    Deno.chdir(before);
  }
});

test("train --log-json prints every event as a line", async () => {
  const { lines } = await run(`train --steps 1 --log-json --out ${folder}/a`);
  expect(lines.map((line) => JSON.parse(line).type)).toEqual([
    "run",
    "tasks",
    "decode",
    "group",
    "update",
    "checkpoint",
    "end",
  ]);
});

test("train stops when asked to, and says how to go on", async () => {
  let asked = 0;
  const { lines, code } = await run(`train --out ${folder}/a`, { stopping: () => ++asked > 6 });
  expect(code).toBe(130);
  expect(lines.slice(-3)).toEqual([
    `checkpoint of step 1 in ${folder}/a`,
    "stopped after step 1",
    `Go on with: npm run saccade -- train --resume ${folder}/a`,
  ]);
  expect(await names(`${folder}/a`)).not.toContain("lock");
});

test("a run that cannot begin leaves nothing behind", async () => {
  await expect(run(`train --out ${folder}/a`, { gpu: null })).rejects.toThrow("No GPU found; install one");
  await expect(
    run(`train --out ${folder}/a`, {
      openSession: async () => {
        throw new Error("no such model");
      },
    }),
  ).rejects.toThrow("no such model");
  await expect(
    run(`train --out ${folder}/a`, {}, (session) =>
      Object.assign(session, {
        expectTasks: async () => {
          throw new Error("Expected rows to train on, found 6 of which all are held out");
        },
      }),
    ),
  ).rejects.toThrow("all are held out");
  await expect(run(`train --shape-min-px 300 --out ${folder}/a`)).rejects.toThrow(
    "shapeMaxPx (64) must be at least shapeMinPx (300)",
  );
  expect(await names(folder)).toEqual([]);
  await run(`train --steps 1 --out ${folder}/a`);
  await expect(run(`train --steps 1 --out ${folder}/a`)).rejects.toThrow("holds a run already");
  await expect(run(`train --resume ${folder}/b`)).rejects.toThrow(`Expected a run in ${folder}/b, found nothing`);
});

test.each(["eval --tasks 2", "rollout --tasks 2"])(
  "%s that is stopped while a judge is asked has not failed",
  async (line) => {
    const cutOff = async () => {
      throw new Stopped();
    };
    const stopped = (session: ReturnType<typeof fakeSession>) =>
      Object.assign(session, {
        evaluate: cutOff,
        // biome-ignore lint/correctness/useYield: it ends before the first
        roll: async function* () {
          await cutOff();
        },
      });
    const { code, lines } = await run(line, { stopping: () => true }, stopped);
    expect([code, lines]).toEqual([130, []]);
    // Without a stop it is an error like any other.
    await expect(run(line, {}, stopped)).rejects.toThrow("Stopped");
  },
);

test("eval shows sampled and greedy side by side, of a run's last checkpoint", async () => {
  await run(`train --steps 2 --seed 9 --out ${folder}/a`);
  const { lines, configs } = await run(`eval --from ${folder}/a --temperature 0.5`);
  expect(configs[0]).toMatchObject({ seed: 9, temperature: 0.5 });
  expect(lines).toEqual([
    "           sampled   greedy",
    "Accuracy     0.500    0.750",
    "Zoom rate    3.000    3.000",
    "512 held-out scenes; the standard error of a share over all of them is at most 0.022",
  ]);
  const json = (await run(`eval --from ${folder}/a --tasks 700 --log-json`)).lines.map((line) => JSON.parse(line));
  expect(json).toMatchObject([
    { type: "eval", step: 2, tasks: 700, greedy: false },
    { greedy: true, metrics: { accuracy: 0.75 } },
  ]);
  await expect(run(`eval --from ${folder}/none`)).rejects.toThrow(
    `Expected a checkpoint in ${folder}/none, found none`,
  );
});

test("eval says what is likely to be a mistake in the settings of scenes, but not to a program", async () => {
  const { lines } = await run("eval --model needle --worlds hunt");
  expect(lines[0]).toMatch(/^The model needle was taught Needle alone: questions of hunt are new to it/);
  const json = (await run("eval --model needle --worlds hunt --log-json")).lines;
  expect(json.every((line) => line.startsWith("{"))).toBe(true);
});

test("eval of a run asks held-out rows only, and says how many", async () => {
  const files = "--data rows.parquet --model needle";
  await run(`train --steps 1 ${files} --held-out-rows 6 --seed 4 --out ${folder}/held`);
  const few = (session: ReturnType<typeof fakeSession>): ReturnType<typeof fakeSession> =>
    Object.assign(session, {
      evaluate: async () => ({
        metrics: { accuracy: 0.5 },
        durationMs: 1,
        tasks: 4,
        notes: ["6 of 20 rows are held out", "2 of them stand among the other rows as well, on which a run trains"],
      }),
    });
  const { lines, configs } = await run(`eval --from ${folder}/held --tasks 100`, {}, few);
  expect(configs[0]).toMatchObject({ heldOutRows: 6, seed: 4 });
  expect(lines.slice(-3)).toEqual([
    "4 held-out rows, of 100 asked for; the standard error of a share over all of them is at most 0.250",
    "6 of 20 rows are held out",
    "2 of them stand among the other rows as well, on which a run trains",
  ]);
  await expect(run(`eval --from ${folder}/held --seed 5`)).rejects.toThrow(
    `The seed chooses which rows are held out: it is 4 in ${folder}/held, found 5; leave --seed out`,
  );
  await expect(run(`rollout --from ${folder}/held --held-out-rows 7`)).rejects.toThrow(
    "the further ones are trained on",
  );
  const other = await run(`eval --from ${folder}/held --data others.parquet --tasks 9`);
  expect(other.configs[0]).toMatchObject({ data: "others.parquet", heldOutRows: 9 });
  expect(other.lines.at(-1)).toContain("9 rows of others.parquet, which were not compared with the rows of the run");

  await run(`train --steps 1 ${files} --held-out-rows 0 --out ${folder}/none-held`);
  for (const command of ["eval", "rollout"])
    await expect(run(`${command} --from ${folder}/none-held`)).rejects.toThrow(
      `The run in ${folder}/none-held holds no rows out: all rows of rows.parquet are trained on, and say nothing about others; train a run with --held-out-rows N`,
    );
  // Of a model alone nothing is known: its rows are not called held out.
  const alone = await run(`eval ${files} --tasks 3`);
  expect(alone.configs[0]).toMatchObject({ heldOutRows: 3 });
  expect(alone.lines.at(-1)).toMatch(/^3 rows; /);
});

test("rollout prints what the model wrote, without what a terminal would obey", async () => {
  const { lines } = await run("rollout --tasks 2 --rollouts-per-task 2");
  expect(lines.slice(0, 3)).toEqual([
    "needle/0: What digit? (7)",
    "  0: right by equal, reward 0.80; ended by answer",
    "     <1<U+001B>[31m><2<U+001B>[31m>",
  ]);
  expect(lines.length).toBe(10);
});

test("export and warmup write new folders only", async () => {
  await run(`train --steps 2 --out ${folder}/a`);
  await run(`export --from ${folder}/a --out ${folder}/model`);
  expect(Array.from(await Deno.readFile(`${folder}/model/model.safetensors`))).toEqual([3]);
  await expect(run(`export --from ${folder}/a --out ${folder}/model`)).rejects.toThrow(
    "Expected an empty or new folder",
  );
  await expect(run(`export --from ${folder}/a --adapter-names old --out ${folder}/other`)).rejects.toThrow(
    "--adapter-names is of an adapter, and all weights of this model were trained; leave it out",
  );
  expect(await names(folder)).not.toContain("other");
  await expect(run(`warmup --out ${folder}/model`)).rejects.toThrow("Expected an empty or new folder");
  const { lines } = await run(`warmup --warmup-rows 1000 --out ${folder}/mine`);
  expect(lines).toEqual([
    "warm 1/3  loss 1.0000  0.00 s",
    "warm 2/3  loss 0.5000  0.00 s",
    "warm 3/3  loss 0.3333  0.00 s",
    "done after step 3",
    `The model is in ${folder}/mine/model`,
  ]);
  expect(await names(`${folder}/mine/model`)).toEqual(["model.safetensors"]);
});

test("compile names what fails, and fails", async () => {
  const compilers = async () => [
    { name: "naga", gpu: null, missing: "no adapter" },
    { name: "Tint", gpu: {} as GPU, missing: "" },
  ];
  const compileKernels = async function* () {
    yield { label: "rope.rotate", error: null };
    yield { label: "rope.backprop", error: "line 3: no" };
  };
  expect(await run("compile", { compilers, compileKernels })).toMatchObject({
    code: 1,
    lines: ["naga: no adapter", "Tint: rope.backprop: line 3: no", "Tint: 2 kernels", "2 failed"],
  });
  expect((await run("compile")).code).toBe(0);
});

test("serve needs a built page", async () => {
  await expect(run("serve --port 8123")).rejects.toThrow(
    `Expected the built page in ${folder}/dist, found no such folder; npm start builds it`,
  );
  await Deno.mkdir(`${folder}/dist`);
  expect((await run("serve --port 8123")).lines[0]).toMatch(
    /^The page is at http:\/\/127\.0\.0\.1:\d+\/; Ctrl-C ends$/,
  );
});

test("train writes the timeline where that is asked for, to a new file only", async () => {
  const timeline = new Timeline();
  for (let step = 1; step <= 5; step++) timeline.add("step", `step ${step}`, 10 * step, 10 * step + 10);
  const traced = (session: ReturnType<typeof fakeSession>) =>
    Object.assign(session, {
      tracedSteps: async () => ({
        table: timelineTable(timeline),
        times: stepTimes(timeline),
        chrome: chromeTrace(timeline),
      }),
    });
  const path = `${folder}/trace.json`;
  const { code, lines } = await run(`train --steps 2 --out ${folder}/a --chrome-trace ${path}`, {}, traced);
  expect(code).toBe(0);
  expect(lines.join("\n")).toMatch(/^a step, mean of 2 +10\.00 ms$/m);
  expect(lines.at(-1)).toBe(`The timeline is in ${path}: open it in chrome://tracing or ui.perfetto.dev`);
  const { traceEvents } = JSON.parse(await Deno.readTextFile(path));
  expect(traceEvents.filter(({ cat }: { cat?: string }) => cat === "step")).toHaveLength(5);
  await expect(run(`train --steps 2 --out ${folder}/b --chrome-trace ${path}`, {}, traced)).rejects.toThrow(
    `found that ${path} is there already`,
  );
});
