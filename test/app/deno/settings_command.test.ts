import { afterEach, beforeEach, expect, test } from "vitest";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import { settingsCommand } from "../../../src/app/deno/commands/settings_command.ts";
import { resolveConfig } from "../../../src/train/config.ts";

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
});
afterEach(() => Deno.remove(folder, { recursive: true }));

async function run(words: readonly string[]): Promise<{ lines: string[]; code: number | string }> {
  const parsed = parseArguments(["settings", ...words]);
  if (parsed.help) throw new Error("not a command to run");
  const lines: string[] = [];
  const terminal = { print: (text: string) => lines.push(...text.split("\n")), progress: () => {} };
  const code = await settingsCommand(parsed.changes, parsed.options, { terminal }).catch((error) => error.message);
  return { lines, code };
}

test("prints what differs from a preset as flags", async () => {
  expect(await run(["--preset", "verl-7b", "actor_rollout_ref.rollout.n=4", "--data", "my rows"])).toEqual({
    lines: [
      "npm run saccade -- train \\",
      "    --preset verl-7b \\",
      "    '--data=my rows' \\",
      "    --rollouts-per-task=4",
    ],
    code: 0,
  });
});

test("prints verl's names, TRL's, and JSON", async () => {
  const verl = await run(["--preset", "verl-7b", "--as", "verl"]);
  expect(verl.lines).toContain("    data.train_batch_size=128 \\");
  const trl = await run(["--preset", "verl-7b", "--as=trl"]);
  expect(trl.lines).toContain("    --num_generations 8 \\");
  const json = await run(["--preset", "verl-7b", "--as", "json"]);
  expect(JSON.parse(json.lines.join("\n"))).toEqual(resolveConfig({ preset: "verl-7b" }));
});

test("reads a command from a file; flags go over it", async () => {
  await Deno.writeTextFile(
    `${folder}/run.sh`,
    "N=4\npython3 -m verl.trainer.main_ppo algorithm.adv_estimator=grpo actor_rollout_ref.rollout.n=$N \\\n data.train_batch_size=8 trainer.nnodes=$NODES",
  );
  const { lines, code } = await run(["--verl-command", `${folder}/run.sh`, "--seed", "5"]);
  expect(code).toBe(0);
  expect(lines).toContain("    --preset verl-7b \\");
  expect(lines).toContain("    --seed=5 \\");
  expect(lines).toContain("    --tasks-per-step=8 \\");
  expect(lines).toContain("    --rollouts-per-task=4 \\");
  expect(lines).toContain(
    "# not understood: line 3, trainer.nnodes=$NODES: NODES is not set in this text; it means nothing here",
  );
});

test("prints the rest, then says what could not be taken over", async () => {
  await Deno.writeTextFile(
    `${folder}/run.sh`,
    "python3 -m verl.trainer.main_ppo algorithm.adv_estimator=gae actor_rollout_ref.rollout.n=4",
  );
  const { lines, code } = await run(["--verl-command", `${folder}/run.sh`]);
  expect(code).toContain("algorithm.adv_estimator=gae is not supported");
  expect(lines).toContain("    --rollouts-per-task=4 \\");
  expect((await run(["--verl-command", `${folder}/none.sh`])).code).toContain("Expected a file with a verl command at");
});
