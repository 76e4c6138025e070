/**
 * Kills `train` again and again and looks whether the run that goes on ends as one that was never interrupted:
 * `npx deno run -A test/support/kill_train.ts FOLDER [kills] [seed] [train's flags...]`. Everything is made in FOLDER.
 */

import { Random } from "../../src/tasks/random.ts";

export const cli = decodeURIComponent(new URL("../../src/app/deno/cli.ts", import.meta.url).pathname);

/** So small that a step takes a fraction of a second on a software adapter. */
export const tinyRun = [
  ..."--preset needle --tasks-per-step 1 --rollouts-per-task 2 --steps 6 --save-every 1 --eval-every 3".split(" "),
  ..."--eval-tasks 2".split(" "),
];

export interface Killed {
  kills: number;
  /** Runs that were killed and went on until they were done. */
  runs: number;
  /** Kills by what stood in the folder afterwards: nothing, a lock only, no checkpoint yet, a checkpoint. */
  found: Record<string, number>;
  /** A sentence for each run that could not go on, or that ended otherwise. */
  problems: string[];
}

/**
 * @param folder  empty; the run that is not interrupted is made in it, then those that are
 * @param seed    of the moments at which processes are killed
 */
export async function killTrain(
  folder: string,
  {
    kills,
    seed,
    flags = tinyRun,
    log = () => {},
  }: {
    kills: number;
    seed: number;
    flags?: readonly string[];
    log?: (line: string) => void;
  },
): Promise<Killed> {
  const random = new Random(seed, [1]);
  const whole = await run([...flags, "--out", `${folder}/whole`], null);
  if (whole.code !== 0) throw new Error(`The run that nobody interrupts failed: ${whole.text}`);
  const expected = await endOf(`${folder}/whole`);
  const result: Killed = { kills: 0, runs: 0, found: {}, problems: [] };
  while (result.kills < kills) {
    const own = `${folder}/killed-${result.runs}`;
    const name = `run ${result.runs}`;
    for (let isOver = false; !isOver; ) {
      const found = await standing(own);
      const arguments_ = ["a checkpoint", "no checkpoint yet"].includes(found)
        ? ["--resume", own]
        : [...flags, "--out", own];
      const mayKill = result.kills < kills;
      // Mostly while it trains, which begins with its first word; some while it still opens folder and model.
      const spawned = random.uniform() < 0.15;
      const ms = random.uniform() * (spawned ? whole.silentMs : (whole.ms - whole.silentMs) * 0.7);
      const { code, text } = await run(arguments_, mayKill ? { after: spawned ? "start" : "first word", ms } : null);
      if (code === null) {
        result.kills++;
        const now = await standing(own);
        result.found[now] = (result.found[now] ?? 0) + 1;
        if (result.kills % 10 === 0)
          log(`${result.kills} kills, ${result.runs} runs done, ${result.problems.length} problems`);
        continue;
      }
      isOver = true;
      // Killed after its last word, before it ended.
      const isDone = code === 0 || /has made \d+ steps of \d+ already/.test(text);
      if (!isDone) result.problems.push(`${name}: ${code}: ${text.slice(-600)}`);
      else {
        const different = differing(expected, await endOf(own));
        if (different !== null) result.problems.push(`${name}: ${different}`);
      }
    }
    result.runs++;
    if (result.problems.length === 0) await Deno.remove(own, { recursive: true });
  }
  return result;
}

interface Ended {
  /** Null where it was killed. */
  code: number | null;
  text: string;
  /** Until its first word, and in all. */
  silentMs: number;
  ms: number;
}

/** Runs `train`, and kills it at a moment where it still runs then. */
async function run(
  flags: readonly string[],
  kill: { after: "start" | "first word"; ms: number } | null,
): Promise<Ended> {
  const startedMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", cli, "train", ...flags],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const killLater = () => {
    timer = setTimeout(() => {
      try {
        Deno.kill(child.pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }, kill!.ms);
  };
  if (kill?.after === "start") killLater();
  let silentMs = 0;
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, begun: () => void): Promise<string> => {
    let text = "";
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
      if (text === "") begun();
      text += piece;
    }
    return text;
  };
  const texts = await Promise.all([
    read(child.stdout, () => {
      silentMs = performance.now() - startedMs;
      if (kill?.after === "first word") killLater();
    }),
    read(child.stderr, () => {}),
  ]);
  const { code, signal } = await child.status;
  clearTimeout(timer);
  return {
    code: signal === "SIGKILL" ? null : code,
    text: texts.join(""),
    silentMs,
    ms: performance.now() - startedMs,
  };
}

async function standing(folder: string): Promise<string> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch {
    return "nothing";
  }
  if (names.some((name) => name.startsWith("checkpoint") && name !== "checkpoint.writing")) return "a checkpoint";
  if (names.includes("config.json")) return "no checkpoint yet";
  return names.length === 0 ? "nothing" : "a lock only";
}

/** What a run ends in: its log without times and heads, and the bytes of its checkpoint. */
async function endOf(folder: string): Promise<Map<string, string | Uint8Array>> {
  const end = new Map<string, string | Uint8Array>();
  const log = await Deno.readTextFile(`${folder}/events.jsonl`);
  const timeless = (key: string, value: unknown) => (/Ms$|^(path|peakMemoryBytes)$/.test(key) ? undefined : value);
  const lines = log
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    // A run that goes on says so.
    .filter(({ type }) => type !== "run")
    .map((event) => JSON.stringify(event, timeless));
  end.set("events.jsonl", lines.join("\n"));
  for await (const { name } of Deno.readDir(`${folder}/checkpoint`))
    end.set(name, await Deno.readFile(`${folder}/checkpoint/${name}`));
  return end;
}

function differing(expected: Map<string, string | Uint8Array>, found: Map<string, string | Uint8Array>): string | null {
  for (const name of new Set([...expected.keys(), ...found.keys()])) {
    const [a, b] = [expected.get(name), found.get(name)];
    if (a === undefined || b === undefined) return `${name} stands in one of the two only`;
    if (typeof a === "string" && typeof b === "string") {
      const [left, right] = [a.split("\n"), b.split("\n")];
      const at = left.findIndex((line, i) => line !== right[i]);
      if (at >= 0 || left.length !== right.length)
        return `${name}: expected ${left[at]?.slice(0, 300)}, found ${right[at]?.slice(0, 300)} (${left.length} and ${right.length} events)`;
    } else if (a.length !== b.length || (a as Uint8Array).some((byte, i) => byte !== (b as Uint8Array)[i]))
      return `${name}: other bytes`;
  }
  return null;
}

if (import.meta.main) {
  const [folder, kills = "200", seed = "1", ...flags] = Deno.args;
  if (!folder) throw new Error("Expected a folder to make runs in, found none");
  await Deno.mkdir(folder, { recursive: true });
  const startedMs = performance.now();
  const result = await killTrain(folder, {
    kills: Number(kills),
    seed: Number(seed),
    ...(flags.length > 0 ? { flags } : {}),
    log: (line) => console.log(line),
  });
  console.log(JSON.stringify({ ...result, seconds: Math.round((performance.now() - startedMs) / 1000) }, null, 1));
  Deno.exit(result.problems.length === 0 ? 0 : 1);
}
