import { afterEach, beforeEach, expect, test } from "vitest";
import { achieved, type BenchReport, benchMarkdown } from "../../../src/app/bench/report.ts";
import { chosenWorkloads, workloads } from "../../../src/app/bench/workloads.ts";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import { runCommand } from "../../../src/app/deno/commands/commands.ts";
import { findTorch, peerLines, peersOf } from "../../../src/app/deno/gpu/torch_peers.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { Stopwatch, summary } from "../../../src/app/kernels/stopwatch.ts";
import { Plan } from "../../../src/gpu/plan.ts";
import { multiplyAdd } from "../../../src/ops/roofline.ts";
import { gpu } from "../../support/device.ts";

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
});
afterEach(() => Deno.remove(folder, { recursive: true }));

async function run(line: string, stopping = () => false): Promise<{ code: number; lines: string[] }> {
  const parsed = parseArguments(line.replaceAll("FOLDER", folder).split(" "));
  if (parsed.help) throw new Error("not a command to run");
  const lines: string[] = [];
  const never = () => {
    throw new Error("bench needs no model's files");
  };
  const code = await runCommand(parsed, {
    terminal: { print: (text) => lines.push(text), progress: () => {} },
    openPlatform: openDenoPlatform,
    openSession: never,
    compileKernels: never,
    compilers: never,
    stopping,
    untilStopped: () => new Promise(() => {}),
    dist: folder,
  });
  return { code, lines };
}

/** Workloads that this machine's adapter cannot be measured with, and why. */
async function lackingHere(): Promise<Map<string, string>> {
  const { gpu } = await openDenoPlatform(true);
  const lacking = await Promise.all(workloads.map(async ({ id, lacks }) => [id, await lacks?.(gpu!)] as const));
  return new Map(lacking.flatMap(([id, lack]) => (lack ? [[id, lack] as const] : [])));
}

test("every workload measures something on any adapter, and the files hold it", { timeout: 240_000 }, async () => {
  // Nothing is tuned on a software adapter.
  const lacking = await lackingHere();
  const ids = [...new Set(workloads.map(({ id }) => id))].filter((id) => id !== "tune" && !lacking.has(id));
  const { code, lines } = await run(`bench ${ids.join(" ")} --python none --json FOLDER/b.json --markdown FOLDER/b.md`);
  const report = JSON.parse(await Deno.readTextFile(`${folder}/b.json`)) as BenchReport;
  expect(report.lines.filter((line) => "failed" in line)).toEqual([]);
  expect(code).toBe(0);
  expect([...new Set(report.lines.map(({ workload }) => workload))]).toEqual(ids);
  for (const line of report.lines) {
    if ("failed" in line) continue;
    expect(line.ms, line.id).toBeGreaterThan(0);
    expect(line.msMin, line.id).toBeLessThanOrEqual(line.ms);
  }
  expect(report.roofline.flopsPerSecond).toBeGreaterThan(0);
  expect(report.roofline.copyBytesPerSecond).toBeGreaterThan(0);
  const table = await Deno.readTextFile(`${folder}/b.md`);
  expect(lines.join("\n")).toContain(table.trimEnd());
  expect(table.split("\n").filter((row) => /^\| [PM]\d/.test(row))).toHaveLength(report.lines.length);
  await expect(run("bench P2 --python none --json FOLDER/b.json")).rejects.toThrow(/b\.json is there already/);
});

test("a file that could not be written is refused before anything is measured", async () => {
  await expect(run("bench P2 --python none --json FOLDER/none/b.json")).rejects.toThrow(
    /^Expected a folder .*none to write .*b\.json into, found none/,
  );
  await expect(run("bench --counts --json FOLDER/b --markdown FOLDER/b")).rejects.toThrow(/^Expected two files, found/);
});

test("what was measured before Ctrl-C is reported", async () => {
  let asked = 0;
  const { code, lines } = await run("bench P2 --python none", () => ++asked > 4);
  expect(code).toBe(130);
  expect(lines.filter((line) => line.startsWith("| P2")).length).toBeGreaterThan(0);
  expect(lines.filter((line) => line.startsWith("| P2")).length).toBeLessThan(6);
});

test("what an adapter lacks is reported, and nothing is measured", async () => {
  const lack = (await lackingHere()).get("P3");
  const { code, lines } = await run("bench P3 --python none");
  expect(code).toBe(lack === undefined ? 0 : 1);
  if (lack === undefined) return;
  expect(lack).toMatch(/matrix units cannot be used, it /);
  expect(lines.join("\n")).toContain(lack);
});

test("names of workloads", () => {
  expect(chosenWorkloads([])).toBe(workloads);
  expect(chosenWorkloads(["p4"]).map(({ id }) => id)).toEqual(["P4"]);
  expect(() => chosenWorkloads(["P99"])).toThrow(/among P2, P3, P4, .*, found "P99"/);
});

const report: BenchReport = {
  type: "bench",
  format: 1,
  date: "2026-11-28T09:00:00.000Z",
  adapter: "A card",
  driver: "a driver",
  runtime: "a runtime",
  version: "0.1.0",
  roofline: { copyBytesPerSecond: 2e12, flopsPerSecond: 50e12 },
  lines: [
    { workload: "P2", id: "a", what: "", flops: 20e9, ms: 1, msMin: 0.9, msMax: 1.1, runs: 7, clock: "timestamps" },
    {
      workload: "P4",
      id: "b",
      peer: "c",
      what: "",
      bytes: 1e9,
      ms: 1,
      msMin: 1,
      msMax: 1,
      runs: 5,
      clock: "host clock",
    },
    { workload: "P7", id: "d", failed: "no | room" },
  ],
  traces: [],
  peers: [
    { id: "a", ms: 0.5, versions: { torch: "2.11" } },
    { id: "c", ms: 2 },
    { id: "e", ms: 3, what: "another way" },
  ],
  small: false,
  notes: ["a note"],
};

test("rates, shares and ratios", () => {
  const { roofline } = report;
  expect(achieved({ ms: 2, flops: 50e9 }, roofline)).toEqual({ figure: "25.0 TFLOP/s", share: 0.5 });
  expect(achieved({ ms: 1, bytes: 1e9 }, roofline)).toEqual({ figure: "1000 GB/s", share: 0.5 });
  expect(achieved({ ms: 1 }, roofline)).toEqual({ figure: "", share: null });
  const cells = benchMarkdown(report)
    .filter((line) => line.startsWith("| P"))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  expect(cells[0]).toEqual([
    "",
    "P2",
    "a",
    "1.00 (0.900 to 1.10)",
    "20.0 TFLOP/s",
    "40 %",
    "0.500",
    "0.50x",
    "7, timestamps",
    "",
  ]);
  expect(cells[1]).toEqual([
    "",
    "P4",
    "b",
    "1.00 (1.00 to 1.00)",
    "1000 GB/s",
    "50 %",
    "2.00",
    "2.00x",
    "5, host clock",
    "",
  ]);
  expect(cells[2]!.slice(1, 5)).toEqual(["P7", "d", "-", "failed: no \\| room"]);
  expect(benchMarkdown(report).join("\n")).toContain("torch 2.11");
  expect(benchMarkdown(report)).toContain("- torch, besides: e 3.00 ms (another way)");
});

test("medians", () => {
  expect(summary([3, 1, 2], "host clock")).toEqual({ ms: 2, msMin: 1, msMax: 3, runs: 3, clock: "host clock" });
  expect(summary([4, 1, 2, 3], "host clock").ms).toBe(2.5);
});

test("time is the device's own, and grows with the work", async () => {
  const watch = new Stopwatch(gpu);
  const timed = async (rounds: number) => {
    const plan = new Plan(gpu, "rounds");
    multiplyAdd(plan, plan.empty("out", [1024]), { rounds, factor: 0.5, addend: 1 });
    return watch.ofPlan(plan);
  };
  const [short, long] = [await timed(4), await timed(2048)];
  expect(short.clock).toBe("timestamps");
  expect(short.runs).toBe(3);
  expect(long.ms).toBeGreaterThan(short.ms);
});

test("lines of JSON among what a program prints", () => {
  expect(peerLines('warning\n{"id": "a", "ms": 1}\n{broken\n{"ms": 2}\n')).toEqual([{ id: "a", ms: 1 }]);
});

test("what torch printed before it was stopped counts", async () => {
  const python = `${folder}/python`;
  const found = '{"id": "gemm.f32.64.NT", "ms": 2, "small": true}';
  await Deno.writeTextFile(python, `#!/bin/sh\n[ "$1" = -c ] && exit 0\necho '${found}'\nexec sleep 60\n`);
  await new Deno.Command("chmod", { args: ["+x", python], stdout: "piped", stderr: "piped" }).output();
  const startedMs = performance.now();
  const stopped = new Promise<void>((resolve) => setTimeout(resolve, 1500));
  expect(await findTorch(python)).toEqual({ python });
  const lines = await peersOf(python, ["P2"], stopped);
  expect(lines).toEqual([JSON.parse(found), { id: "torch", failed: "stopped" }]);
  expect(performance.now() - startedMs).toBeLessThan(30_000);
});

test("a Python that was named, and cannot be used, is an error before anything is measured", async () => {
  await expect(run(`bench P2 --python ${folder}/no-python`)).rejects.toThrow(/--python: .*cannot be started/);
  await Deno.writeTextFile(`${folder}/python`, "#!/bin/sh\necho No module named torch >&2\nexit 1\n");
  await new Deno.Command("chmod", { args: ["+x", `${folder}/python`], stdout: "piped", stderr: "piped" }).output();
  await expect(findTorch(`${folder}/python`)).rejects.toThrow(/python: No module named torch/);
});
