import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/*
 * CONTRIBUTING.md by its word: a toy of each kind is added to a copy of the sources by the steps that stand there, in as
 * many files as stand there, and runs.
 */

const root = decodeURIComponent(new URL("../", import.meta.url).pathname);
const guide = readFileSync(`${root}CONTRIBUTING.md`, "utf8");

/** The files that the steps of a section name first, in order. */
function stepsOf(section: string): string[] {
  const text = guide.split("\n## ").find((part) => part.startsWith(`${section}\n`)) ?? "";
  return [...text.matchAll(/^\d+\. `([\w./]+\/[\w.]+)`/gm)].map(([, path]) => path!);
}

/** What the table says. */
const countOf = (what: string): number => Number(new RegExp(`^\\| ${what} \\| (\\d+) \\|`, "m").exec(guide)?.[1]);

/** A new file by its text, or what becomes of one that is there. */
type Change = string | ((before: string) => string);

interface Toy {
  section: string;
  what: string;
  name: string;
  changes: Record<string, Change>;
}

/** Puts a name into a list of code. */
const listed =
  (list: RegExp, name: string, from: string): Change =>
  (before) => {
    const after = before.replace(list, (all) => `${all}${name}, `);
    if (after === before) throw new Error(`Expected ${list} in the table, found none`);
    return `import { ${name} } ${from}\n${after}`;
  };

const toys: Toy[] = [
  {
    section: "Add a tool",
    what: "a tool",
    name: "toy_negative",
    changes: {
      "src/agent/tools/toy_negative.ts": `import { defineTool } from "./tool.ts";

export const toyNegative = defineTool({
  name: "image_negative_tool",
  label: "Negative",
  help: "shows a picture in its opposite colours",
  schema: { description: "Look at an image in its opposite colours.", parameters: { type: "object", properties: {} } },
  call: () => ({ record: { imageIndex: 0 } }),
  replay: (_, pictures) => {
    const { original } = pictures[0]!;
    return { ...original, data: original.data.map((level) => 255 - level) };
  },
});
`,
      "src/agent/tools/table.ts": listed(
        /builtInTools: readonly Tool\[\] = \[/,
        "toyNegative",
        'from "./toy_negative.ts";',
      ),
      "test/agent/tools/toy_negative.test.ts": `import { expect, test } from "vitest";
import { chooseTools } from "../../../src/agent/tools/table.ts";

test("is chosen by its name, and turns colours round", () => {
  const [tool] = chooseTools({ tools: "image_negative_tool", rotate: false });
  const original = { width: 1, height: 1, data: Uint8Array.of(0, 5, 255) };
  const call = { segment: 1, name: "image_negative_tool", outcome: "ok", imageIndex: 0 } as const;
  expect(Array.from(tool!.replay!(call, [{ original }], { crop: "source" })!.data)).toEqual([255, 250, 0]);
});
`,
    },
  },
  {
    section: "Add a reward",
    what: "a reward",
    name: "toy_short",
    changes: {
      "src/reward/rewards/toy_short.ts": `import { defineReward } from "./reward_function.ts";

export const toyShort = defineReward({
  name: "toy-short",
  label: "Toy",
  help: "1 less a hundredth for each letter of the answer",
  source: "test/contributing.test.ts",
  parts: [{ name: "short", label: "short", help: "1 - letters / 100" }],
  score: ({ rollout }) => ({ short: 1 - (rollout.answer?.length ?? 100) / 100 }),
});
`,
      "src/reward/rewards/table.ts": listed(/export const rewards = \[/, "toyShort", 'from "./toy_short.ts";'),
      "test/reward/rewards/toy_short.test.ts": `import { expect, test } from "vitest";
import { knobs } from "../../../src/train/knobs.ts";
import { rewardsOf } from "../../support/scored.ts";
import { rollout } from "../../support/rollouts.ts";

test("is a choice of the knob, and pays for short answers", async () => {
  expect(knobs.reward).toMatchObject({ choices: expect.arrayContaining(["toy-short"]) });
  const [paid] = await rewardsOf([rollout({ answer: "12" })], { reward: "toy-short" });
  expect(paid?.total).toBeCloseTo(0.98);
});
`,
    },
  },
  {
    section: "Add a source of tasks",
    what: "a source of tasks",
    name: "toy_pairs",
    changes: {
      "src/tasks/sources/toy_pairs.ts": `import type { RowFormat } from "./row_format.ts";

export const toyPairs: RowFormat = {
  extension: "pairs",
  label: "pairs",
  help: "a question and an answer a line, with = between",
  open: async ({ name, bytes }) => {
    const lines = new TextDecoder().decode(await bytes()).trim().split("\\n");
    return {
      name,
      kind: "pairs",
      rows: lines.length,
      row: async (index) => {
        const [question, answer] = (lines[index] ?? "").split("=");
        if (!question || !answer) throw new Error(\`\${name}, line \${index + 1}: expected question=answer\`);
        return {
          question, answer, dataSource: "", envName: "", messages: [],
          columns: { question, answer }, pictures: async () => [],
        };
      },
    };
  },
};
`,
      "src/tasks/sources/table.ts": listed(
        /rowFormats: readonly RowFormat\[\] = \[/,
        "toyPairs",
        'from "./toy_pairs.ts";',
      ),
      "test/tasks/sources/toy_pairs.test.ts": `import { expect, test } from "vitest";
import { formatOf } from "../../../src/tasks/sources/table.ts";

test("reads its lines, and names one that is none", async () => {
  const bytes = async () => new TextEncoder().encode("1+1?=2\\nand?");
  const file = { name: "a.pairs", sizeBytes: 11, read: bytes, bytes, readPicture: bytes };
  const rows = await formatOf("a.pairs")!.open(file as never);
  expect(await rows.row(0)).toMatchObject({ question: "1+1?", answer: "2" });
  await expect(rows.row(1)).rejects.toThrow("a.pairs, line 2: expected question=answer");
});
`,
    },
  },
  {
    section: "Add a world",
    what: "a world",
    name: "toyhighest",
    changes: {
      "src/tasks/worlds/toyhighest.ts": `import { randomScene } from "../scenes/scene.ts";
import type { World } from "./world.ts";

export const toyhighest: World = {
  name: "toyhighest",
  label: "Toy",
  line: "What colour is the highest shape?",
  sidePx: 256,
  mostZooms: () => 0,
  problem({ random, settings, ground }) {
    const scene = randomScene(random, {
      objects: settings.objects, sizeMinPx: 24, sizeMaxPx: 40, dotPx: 2, sidePx: 256, ground, text: () => "",
    });
    const highest = scene.objects.reduce((a, b) => (a.yPx < b.yPx ? a : b));
    return { scene, question: "What colour is the highest shape?", answer: highest.colour, zooms: [] };
  },
};
`,
      "src/tasks/worlds/table.ts": listed(/worlds: readonly World\[\] = \[/, "toyhighest", 'from "./toyhighest.ts";'),
      "test/tasks/worlds/toyhighest.test.ts": `import { expect, test } from "vitest";
import { decideByRules } from "../../../src/reward/rules/rules.ts";
import { guessLevel } from "../../../src/tasks/sources/guess_level.ts";
import { generatedScenes, problemOf } from "../../../src/tasks/sources/scenes.ts";
import { usualScenes } from "../../../src/tasks/worlds/world.ts";
import { worldNamed } from "../../../src/tasks/worlds/table.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { knobs } from "../../../src/train/knobs.ts";

test("is a choice of the knob, and asks about the colour of what stands highest", async () => {
  expect(knobs.worlds.line).toContain("toyhighest");
  const config = resolveConfig({ worlds: "toyhighest" });
  const [task] = await generatedScenes(config, 5).take(0, 1);
  const { scene } = problemOf(task!.id, config);
  for (const { colour, yPx } of scene.objects)
    expect(decideByRules(colour, task!)).toEqual({
      right: yPx === Math.min(...scene.objects.map((object) => object.yPx)),
      rule: "exact",
    });
  const [picture] = await generatedScenes(config, 5).pictures(task!);
  expect(picture).toMatchObject({ width: 256, height: 256 });
  expect(guessLevel(worldNamed("toyhighest"), usualScenes, 5).share).toBeLessThan(0.3);
});
`,
    },
  },
  {
    section: "Add an op",
    what: "an op",
    name: "toy_square",
    changes: {
      "shaders/toy_square.wgsl": `// out = x^2, elementwise over \`count\` numbers; dx = 2 x dout.

struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read> dout: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

override ADD: u32 = 0u;

@compute @workgroup_size(64)
fn square(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.count) {
    out[id.x] = x[id.x] * x[id.x];
  }
}

@compute @workgroup_size(64)
fn backprop_x(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.count) {
    dx[id.x] = select(0.0, dx[id.x], ADD == 1u) + 2.0 * x[id.x] * dout[id.x];
  }
}
`,
      "src/ops/toy_square.ts": `import source from "../../shaders/toy_square.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("toy_square", source);

/** out = x^2, elementwise. @param x any shape */
export function toySquare(tape: Tape, x: Tensor): Tensor {
  const out = tape.empty("toy_square", x.shape);
  const params = { count: size(x.shape) };
  const groups = grid(params.count, 64);
  tape.plan.dispatch({ shader, entry: "square", tensors: { x, out }, params, groups });
  tape.record(out, [x], () => {
    const into = tape.into(x);
    if (!into) return;
    const tensors = { x, dout: tape.gradient(out), dx: into.d };
    tape.plan.dispatch({ shader, entry: "backprop_x", tensors, params, groups, constants: { ...into.constants } });
  });
  return out;
}
`,
      "src/app/kernels/kernel_work.ts": (before) =>
        before.replace("const streaming = new Set([", 'const streaming = new Set([\n  "toy_square",'),
      "test/ops/toy_square.test.ts": `import { expect, test } from "vitest";
import { workOf } from "../../src/app/kernels/kernel_work.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { toySquare } from "../../src/ops/toy_square.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck } from "../support/gradcheck.ts";

test("squares, with the gradient of its forward, and says what it reads", async () => {
  const x = gpu.upload("x", new Float32Array([3, -2]), [2]);
  expect(Array.from(await forward((tape) => toySquare(tape, x)))).toEqual([9, 4]);
  await gradcheck({ x: [3, 23] }, (tape, { x }) => toySquare(tape, x!));

  const plan = new Plan(gpu, "toy");
  toySquare(new Tape(plan, false), x);
  expect(plan.recorded.map((dispatch) => workOf(dispatch))).toMatchObject([{ flops: 0, bytes: 16 }]);
});
`,
    },
  },
];

describe("CONTRIBUTING.md", () => {
  test.each(toys)("names every file of $what, and counts them", ({ section, what, name, changes }) => {
    const touched = Object.keys(changes).map((path) => path.replaceAll(name, "NAME"));
    expect(stepsOf(section)).toEqual(touched);
    expect(countOf(what)).toBe(touched.length);
  });
});

describe.sequential("toys by its steps", () => {
  let copy = "";
  const run = (...args: string[]) =>
    spawnSync(Deno.execPath(), ["run", "-A", "--no-check", ...args], {
      cwd: copy,
      encoding: "utf8",
      timeout: 170_000,
      env: { NO_COLOR: "1" },
    });

  beforeAll(async () => {
    copy = await Deno.makeTempDir();
    for (const name of ["src", "shaders", "package.json", "tsconfig.json", "vite.config.ts"])
      spawnSync("cp", ["-r", `${root}${name}`, copy]);
    await Deno.mkdir(`${copy}/test`);
    spawnSync("cp", ["-r", `${root}test/support`, `${copy}/test`]);
    for (const name of ["node_modules", "public", "test/golden"]) await Deno.symlink(root + name, `${copy}/${name}`);
    for (const { changes } of toys)
      for (const [path, change] of Object.entries(changes)) {
        await Deno.mkdir(`${copy}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
        const text = typeof change === "string" ? change : change(await Deno.readTextFile(`${copy}/${path}`));
        await Deno.writeTextFile(`${copy}/${path}`, text);
      }
  });
  afterAll(() => Deno.remove(copy, { recursive: true }));

  test("each passes its test", () => {
    const tests = toys.flatMap(({ changes }) => Object.keys(changes).filter((path) => path.endsWith(".test.ts")));
    const { status, stdout, stderr } = run("node_modules/vitest/vitest.mjs", "run", "--project", "native", ...tests);
    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toMatch(new RegExp(`Tests.* ${toys.length} passed`));
  }, 180_000);

  test("a run offers the tool, asks the tasks and pays the reward", async () => {
    await Deno.writeTextFile(`${copy}/sums.pairs`, "1+1?=2\n1+2?=3\n");
    const flags = "--tools image_zoom_in_tool,image_negative_tool --reward toy-short --data sums.pairs --steps 1";
    const sizes =
      "--tasks-per-step 1 --rollouts-per-task 2 --first-turn-tokens 4 --next-turn-tokens 2 --out made --log-json";
    const made = run("src/app/deno/cli.ts", "train", ...`${flags} ${sizes}`.split(" "));
    expect(made.status, made.stderr).toBe(0);
    const update = made.stdout.split("\n").find((line) => line.startsWith('{"type":"update"')) ?? "{}";
    expect(JSON.parse(update).metrics["reward/short"]).toBeGreaterThanOrEqual(0);
  }, 180_000);
});
