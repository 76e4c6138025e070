/**
 * Run as a process of its own by fuzz_command.ts: cases of one reader, one after the other. It says which case it
 * begins, so that the process that ends it knows where it stood, and what was wrong with the last one.
 */
import { caseOf, readers, runCase, seedsOf } from "../../fuzz/cases.ts";
import { readSeeds } from "./fuzz_seeds.ts";
import { peakBytes } from "./process_memory.ts";

const [name, seed, from, seconds, limitBytes, only, ...folders] = Deno.args;
const reader = readers.find((one) => one.name === name)!;
const seeds = seedsOf(reader, await readSeeds(folders));
const encoder = new TextEncoder();
const say = (value: object) => Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(value)}\n`));
const endsAt = Date.now() + Number(seconds) * 1000;
const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});

say({ seeds: seeds.length });
let peak = 0;
for (let index = Number(from); seeds.length > 0; index++) {
  const one = caseOf(reader, seeds, Number(seed), index);
  say({ begin: index, sizeBytes: one.bytes.length });
  const problem = await runCase(reader, one);
  if (problem !== null) say({ problem, index, path: one.path });
  const nowPeak = await peakBytes(Deno.pid);
  if (nowPeak > Number(limitBytes)) {
    say({ problem: `memory of ${Math.round(nowPeak / 2 ** 20)} MiB`, index, path: one.path, peak: nowPeak });
    break;
  }
  if (nowPeak > peak) {
    peak = nowPeak;
    // What earlier cases left behind is not this case's.
    if (peak > Number(limitBytes) / 2) collect();
  }
  if (only === "only" || Date.now() >= endsAt) {
    say({ done: index + 1, peak });
    break;
  }
}
Deno.exit(0);
