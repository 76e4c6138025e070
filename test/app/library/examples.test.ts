import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const root = decodeURIComponent(new URL("../../../", import.meta.url).pathname);

/** Runs a program from the package's folder. */
function run(program: string, args: string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, env, encoding: "utf8", timeout: 170_000 });
  return { status, stdout, stderr };
}

const deno = (...args: string[]) => run(Deno.execPath(), ["run", "-A", "--no-check", ...args]);

/** What the first lines of a file say that it should be started with. */
const commandIn = (file: string): string | undefined =>
  /npx deno run -A (examples\/\w+\.ts)/.exec(readFileSync(`${root}examples/${file}`, "utf8"))?.[1];

describe.sequential("examples", () => {
  const runs: Record<string, { args: string[]; prints: RegExp }> = {
    "own_reward.ts": { args: [], prints: /^1 -?[\d.]+ (-[\d.]+|0)\n2 / },
    "own_tasks.ts": { args: [], prints: /^train\/0\/0: [1-9], train\/0\/1: [1-9]\n1 [\d.]+\n/ },
    "own_tool.ts": { args: [], prints: /^grey: 85 85 85 9 9 9\n1 [\d.]+\n/ },
    "own_loop.ts": { args: ["1"], prints: /^1 [\d.]+ [\d.]+ -?[\d.]+ [\d.]+\n/ },
    "sweep.ts": { args: ["1", "2", "1", "2"], prints: /seed 1: reward -?[\d.]+ after 1 steps\n2 seeds: .+ \+- / },
  };

  test("each of them is run here, and begins with its command", () => {
    const files = readdirSync(`${root}examples`, { recursive: true });
    expect(files.filter((name) => name.endsWith(".ts")).sort()).toEqual(Object.keys(runs).sort());
    for (const name of Object.keys(runs)) expect(commandIn(name)).toBe(`examples/${name}`);
  });

  test.each(Object.entries(runs))(
    "%s",
    (name, { args, prints }) => {
      const { status, stdout, stderr } = deno(`examples/${name}`, ...args);
      expect(status, stderr).toBe(0);
      expect(stdout).toMatch(prints);
    },
    180_000,
  );

  const hasPython = run("python3", ["-c", "import json, pathlib"]).status === 0;

  // Without Python there is nothing that could run it.
  test.skipIf(!hasPython)(
    "the notebook's cells run on a run of the command line",
    async () => {
      const folder = await Deno.makeTempDir();
      const flags = "--steps 1 --tasks-per-step 1 --rollouts-per-task 2 --out".split(" ");
      const made = deno("src/app/deno/cli.ts", "train", ...flags, `${folder}/run`);
      expect(made.status, made.stderr).toBe(0);
      const cells = `import json
scope = {}
for cell in json.load(open("examples/read_a_run.ipynb"))["cells"]:
    if cell["cell_type"] == "code": exec("".join(cell["source"]), scope)`;
      const read = run("python3", ["-c", cells], { RUN: `${folder}/run` });
      expect(read.status, read.stderr).toBe(0);
      expect(read.stdout).toMatch(/^needle on .+ events\n/);
      expect(read.stdout).toMatch(/\n2 rollouts, [012] with a call\nbest: \{/);
      await Deno.remove(folder, { recursive: true });
    },
    180_000,
  );
});
