import { expect, test } from "vitest";
import { cli, killTrain, tinyRun } from "../../support/kill_train.ts";

test("a run that is killed at any moment goes on, and ends bit for bit as one that was not", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { kills, problems } = await killTrain(folder, {
      kills: 5,
      seed: 7,
      flags: tinyRun.map((flag) => (flag === "6" ? "4" : flag)),
    });
    expect(problems).toEqual([]);
    expect(kills).toBe(5);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}, 600_000);

test("a process that is asked to end saves, says with what signal it ended, and goes on", async () => {
  const folder = await Deno.makeTempDir();
  const train = (flags: readonly string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", cli, "train", ...flags],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  try {
    const child = train([...tinyRun, "--steps", "1000", "--out", `${folder}/run`].filter(withoutSteps));
    let text = "";
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
      if (!text.includes("step ") && (text + piece).includes("step ")) Deno.kill(child.pid, "SIGTERM");
      text += piece;
    }
    expect((await child.status).code).toBe(143);
    expect(text).toMatch(
      /stopped after step \d+\nGPU memory at its peak: .*\nGo on with: npm run saccade -- train --resume /,
    );
    const made = Number(/stopped after step (\d+)/.exec(text)![1]);
    const again = await train(["--resume", `${folder}/run`, "--steps", String(made + 1)]).output();
    expect(again.code).toBe(0);
    expect(new TextDecoder().decode(again.stdout)).toContain(`going on after step ${made}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}, 300_000);

/** Of the tiny run's flags, all but its own number of steps. */
const withoutSteps = (flag: string, i: number, flags: string[]): boolean =>
  !(i < tinyRun.length && (flag === "--steps" || flags[i - 1] === "--steps"));
