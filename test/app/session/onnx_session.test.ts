import { afterAll, describe, expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import { openOnnxRuntime } from "../../../src/app/deno/gpu/onnx_runtime.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { OnnxSession } from "../../../src/app/session/onnx_session.ts";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import { type NamedGraphs, openGraphs } from "../../../src/app/session/opened_graphs.ts";
import type { RollingSession } from "../../../src/app/session/session.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { openFakeHub } from "../../support/fake_hub.ts";
import { graphsOf, withGraphs } from "../../support/graph_folder.ts";
import { onnxGraph, reluGraph } from "../../support/onnx_graph.ts";

const config = resolveConfig({ preset: "needle", seed: 3 });
const files = await graphsOf("needle");
const own: GPU = navigator.gpu;
const platform = { ...(await openDenoPlatform(false)), gpu: own };
const named: NamedGraphs = { folder: "graphs", dtype: "", device: "cpu" };
const open = (graphs: Partial<NamedGraphs> = {}, others = files) =>
  openGraphs(withGraphs(platform, others), { ...named, ...graphs }, { openRuntime: openOnnxRuntime });

const here = await openGpuSession(platform, config, { frozen: true, tune: false });
const graphs = await open();
const session = await OnnxSession.open(platform, config, graphs);
afterAll(async () => {
  session.close();
  await graphs.close();
  here.close();
});

async function rolled(of: RollingSession, options: { tasks: number; rolloutsPerTask: number; greedy: boolean }) {
  const all: Rollout[] = [];
  for await (const { rollouts } of of.roll(options)) all.push(...rollouts);
  return all;
}
const written = ({ segments, answer, reward, calls }: Rollout) => ({
  tokens: segments.map(({ tokens }) => tokens),
  boxes: calls.map(({ boxSourcePx }) => boxSourcePx),
  answer,
  total: reward?.total,
});
const logprobs = (rollouts: readonly Rollout[]) =>
  rollouts.flatMap(({ segments }) => segments.flatMap((segment) => segment.logprobs));
const largest = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((one, i) => Math.abs(one - b[i]!)));

test("graphs of a model sample the tokens that its weights sample with the same seed, tools carried out between", async () => {
  const asked = { tasks: 2, rolloutsPerTask: 2, greedy: false };
  const [ours, theirs] = [await rolled(here, asked), await rolled(session, asked)];
  expect(ours.some(({ calls }) => calls.length > 0)).toBe(true);
  expect(theirs.map(written)).toEqual(ours.map(written));
  expect(largest(logprobs(theirs), logprobs(ours))).toBeLessThan(1e-3);
  const [first] = theirs;
  expect(first!.elsewhere).toMatchObject({ model: "graphs", graphs: true });
  const turn = first!.segments.find(({ source }) => source === "model")!;
  expect(turn.entropies).toHaveLength(turn.tokens.length);
  expect(turn.alternatives![0]!.some(([text]) => text === turn.texts![0])).toBe(true);
});

test("on our device, with keys and values that stay there, the likeliest tokens are the same", async () => {
  const onGpu = await open({ device: "gpu" });
  expect(onGpu.runBy).toMatch(/by onnxruntime-web \S+, WebGPU \(fp32\)$/);
  const other = await OnnxSession.open(platform, config, onGpu);
  const asked = { tasks: 1, rolloutsPerTask: 1, greedy: true };
  expect((await rolled(other, asked)).map(written)).toEqual((await rolled(here, asked)).map(written));
  other.close();
  await onGpu.close();
});

test("it evaluates, and says that what pictures were worth needs weights", async () => {
  const { metrics, tasks } = await session.evaluate({ tasks: 2, greedy: true });
  expect(tasks).toBe(2);
  expect(metrics.accuracy).toBeGreaterThanOrEqual(0);
  await expect(session.evaluate({ tasks: 1, greedy: true, causal: true })).rejects.toThrow("which graphs do not give");
});

test("a family whose weights are not read here, and a tokenizer without a token for calls", async () => {
  const text = (name: string) => new TextDecoder().decode(files.get(name));
  const bytes = (content: string) => new TextEncoder().encode(content);
  const others = new Map(files)
    .set("config.json", bytes(JSON.stringify({ ...JSON.parse(text("config.json")), model_type: "qwen2_vl" })))
    .set("tokenizer.json", bytes(text("tokenizer.json").replaceAll("<tool_call>", "<some_call>")));
  const opened = await open({}, others);
  const other = await OnnxSession.open(platform, config, opened);
  expect(other.notices).toEqual([expect.stringContaining("has no token <tool_call>: calls are read as text")]);
  const [rollout] = await rolled(other, { tasks: 1, rolloutsPerTask: 1, greedy: true });
  expect(rollout!.segments.some(({ source, tokens }) => source === "model" && tokens.length > 0)).toBe(true);
  other.close();
  await opened.close();
});

test("a repository of the Hub is read as any model is", async () => {
  const hub = await openFakeHub({ repositories: { "models/some/needle-ONNX": Object.fromEntries(files) } });
  const before = Deno.env.get("HF_ENDPOINT") ?? "";
  Deno.env.set("HF_ENDPOINT", hub.endpoint);
  try {
    const there = await openDenoPlatform(false);
    const opening = { folder: "some/needle-ONNX@main", dtype: "", device: "cpu" } as const;
    const opened = await openGraphs(there, opening, { openRuntime: openOnnxRuntime });
    expect(opened.model.chosen.decoder_model_merged).toEqual({ path: "onnx/decoder_model_merged.onnx", dtype: "fp32" });
    await opened.close();
  } finally {
    Deno.env.set("HF_ENDPOINT", before);
    await hub.close();
  }
});

describe("what is wrong with a folder is one sentence", () => {
  const json = (changes: object) => {
    const before = JSON.parse(new TextDecoder().decode(files.get("config.json")));
    return new TextEncoder().encode(JSON.stringify({ ...before, ...changes }));
  };
  const decoder = "onnx/decoder_model_merged.onnx";
  test.each<[string, Record<string, Uint8Array | null>, Partial<NamedGraphs>, string]>([
    ["no config", { "config.json": null }, {}, "found no config.json there"],
    ["another family", { "config.json": json({ model_type: "llava" }) }, {}, 'found model_type "llava"'],
    ["no graph", { [decoder]: null }, {}, `Expected ${decoder} or the same of another dtype, found none`],
    ["a dtype that is not there", {}, { dtype: "q4f16" }, "embed_tokens is there as fp32; name one of these"],
    ["a dtype that there is not", {}, { dtype: "q3" }, "Expected a dtype of graphs (fp32, fp16, q8"],
    [
      "another graph",
      { [decoder]: onnxGraph(reluGraph) },
      {},
      "has no input inputs_embeds and no input attention_mask",
    ],
    [
      "weights that are not there",
      {
        [decoder]: onnxGraph({ ...reluGraph, weights: [{ name: "W", shape: [2, 3], location: "decoder.onnx_data" }] }),
      },
      {},
      `${decoder} has weights in decoder.onnx_data, which is not beside it`,
    ],
    [
      "weights outside the folder",
      { [decoder]: onnxGraph({ ...reluGraph, weights: [{ name: "W", shape: [2, 3], location: "../config.json" }] }) },
      {},
      "outside its folder",
    ],
    ["an opset to come", { [decoder]: onnxGraph({ ...reluGraph, opset: 99 }) }, {}, "is of opset 99"],
    [
      "a graph that was cut off",
      { [decoder]: files.get(decoder)!.slice(0, 5000) },
      {},
      "is not an ONNX graph, or is damaged",
    ],
  ])("%s", async (_, changes, asked, sentence) => {
    const others = new Map(files);
    for (const [name, bytes] of Object.entries(changes)) bytes ? others.set(name, bytes) : others.delete(name);
    await expect(open(asked, others)).rejects.toThrow(sentence);
  });

  test("no WebGPU", async () => {
    const without = { ...withGraphs(platform, files), gpu: null, gpuMissing: "no adapter" };
    const opening = openGraphs(without, { ...named, device: "gpu" }, { openRuntime: openOnnxRuntime });
    await expect(opening).rejects.toThrow("WebGPU, which is not there (no adapter); choose the processor");
  });

  test("a model of graphs alone cannot be opened to be trained", async () => {
    const opening = openGpuSession(withGraphs(platform, files), resolveConfig({ model: "graphs" }));
    await expect(opening).rejects.toThrow("name the repository with the model.safetensors");
  });
});
