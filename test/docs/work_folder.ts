import { writePng } from "../../src/image/write_png.ts";
import tokenizer from "../golden/tokenizer-needle.json" with { type: "json" };
import { vstarFiles } from "../support/benchmark_files.ts";
import { dataBytes } from "../support/data_files.ts";
import { type FakeHub, openFakeHub } from "../support/fake_hub.ts";
import { type FakeJudge, openFakeJudge } from "../support/fake_judge.ts";
import { completion } from "../support/fake_policy.ts";
import { readBytes } from "../support/png.ts";
import { tinyQwenFiles } from "../support/tiny_qwen.ts";

/** Servers that commands of the documents reach: a judge, one with a model, the Hub. */
export interface Servers {
  judge: FakeJudge;
  policy: FakeJudge;
  hub: FakeHub;
  close(): Promise<void>;
}

export async function openServers(): Promise<Servers> {
  const judge = await openFakeJudge({ behave: () => ({ kind: "reply", text: '{"verdict": 1}' }) });
  const policy = await openFakeJudge({ behave: () => completion({ content: "<answer>A</answer>" }) });
  const model = Object.fromEntries(tinyQwenFiles(tokenizer).map(({ name, bytes }) => [name, bytes]));
  const vstar = await dataBytes("vstar.parquet");
  const hub = await openFakeHub({
    repositories: {
      "models/Qwen/Qwen2.5-VL-3B-Instruct": model,
      "datasets/craigwu/vstar_bench": await vstarFiles(2, 1),
      "datasets/ChenShawn/DeepEyes-Datasets-47k": {
        "data_0.1.2_visual_toolbox_v2.parquet": vstar,
        "data_v0.8_visual_toolbox_v2.parquet": await dataBytes("chart.parquet"),
        "data_thinklite_reasoning_acc.parquet": await dataBytes("thinklite.parquet"),
      },
    },
  });
  const before = Deno.env.get("HF_ENDPOINT") ?? "";
  Deno.env.set("HF_ENDPOINT", hub.endpoint);
  return {
    judge,
    policy,
    hub,
    close: async () => {
      Deno.env.set("HF_ENDPOINT", before);
      for (const server of [judge, policy, hub]) await server.close();
    },
  };
}

/** The files that the documents speak of, in the folder in which their commands are given. */
export async function fillWorkFolder(folder: string): Promise<void> {
  const write = async (path: string, bytes: Uint8Array) => {
    await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeFile(`${folder}/${path}`, bytes);
  };
  for (const name of ["vstar.parquet", "chart.parquet"]) await write(name, await dataBytes(name));
  const cases = new URL("../golden/cases/deepeyes.jsonl", import.meta.url);
  await write("cases/deepeyes.jsonl", await readBytes(cases));
  await write("deepeyes/vstar.parquet", await dataBytes("vstar.parquet"));
  for (const model of ["qwen2.5-vl", "qwen2.5-vl-3b"])
    for (const { name, bytes } of tinyQwenFiles(tokenizer)) await write(`models/${model}/${name}`, bytes);
  // What verl's trainer and its merger would have left.
  for (const { name, bytes } of tinyQwenFiles(tokenizer)) await write(`merged/${name}`, bytes);
  const dump = new URL("../golden/verl/rollout_dump.jsonl", import.meta.url);
  await write("rollout_dumps/100.jsonl", await readBytes(dump));
  for (const [path, bytes] of Object.entries(await vstarFiles(2, 1))) await write(`vstar_bench/${path}`, bytes);
  const rows = ["kitchen", "street", "garden"].map((name, i) => ({
    image: `${name}.png`,
    question: "What does the label say?",
    answer: String(i + 1),
    bbox: [4, 4, 24, 24],
  }));
  for (const { image } of rows)
    await write(
      `photos/${image}`,
      await writePng({ width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).map((_, i) => i % 251) }),
    );
  const lines = rows.map((row) => JSON.stringify(row)).join("\n");
  await write("photos/questions.jsonl", new TextEncoder().encode(lines));
}
