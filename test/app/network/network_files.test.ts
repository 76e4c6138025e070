import { afterEach, beforeEach, expect, test } from "vitest";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { NetworkFiles } from "../../../src/app/network/network_files.ts";
import type { CheckpointFiles } from "../../../src/model/checkpoint_files.ts";
import { loadModel } from "../../../src/model/load.ts";
import { gpu } from "../../support/device.ts";
import { type FakeHub, openFakeHub } from "../../support/fake_hub.ts";
import { folder } from "../../support/golden.ts";

const text = (value: string) => new TextEncoder().encode(value);
const golden = new URL("../../golden/qwen3-plain/", import.meta.url);
const modelFiles = [
  "config.json",
  "preprocessor_config.json",
  "model.safetensors.index.json",
  "model-00001-of-00002.safetensors",
  "model-00002-of-00002.safetensors",
];
let fake: FakeHub;
let before: (string | undefined)[];

beforeEach(async () => {
  const read = folder(golden).read;
  const model = Object.fromEntries(await Promise.all(modelFiles.map(async (name) => [name, await read(name)])));
  fake = await openFakeHub({
    repositories: { "models/tiny/qwen": model, "datasets/some/rows": { "a/1.jsonl": text("{}\n") } },
    redirectFrom: 10_000,
  });
  before = ["HF_ENDPOINT", "HF_TOKEN"].map((name) => Deno.env.get(name));
  Deno.env.set("HF_ENDPOINT", fake.endpoint);
  Deno.env.set("HF_TOKEN", "hf_secret");
});
afterEach(async () => {
  for (const [i, name] of ["HF_ENDPOINT", "HF_TOKEN"].entries()) Deno.env.set(name, before[i] ?? "");
  await fake.close();
});

test("Deno reads models and data sets of the Hub by their paths, with the token for the Hub alone", async () => {
  const platform = await openDenoPlatform(false);
  expect(platform.addressOf("hf://datasets/some/rows@main")).toBe(
    `${fake.endpoint}/api/datasets/some/rows/tree/main?recursive=true`,
  );
  expect(platform.addressOf("tiny/qwen@main/config.json")).toBe(`${fake.endpoint}/tiny/qwen/resolve/main/config.json`);
  expect(platform.addressOf("./tiny/qwen@main")).toBeNull();
  expect(platform.addressOf("needle")).toBeNull();
  expect(fake.requests).toEqual([]);

  expect(await platform.list("hf://datasets/some/rows@main")).toEqual(["a/1.jsonl"]);
  expect(await platform.readAsset("hf://datasets/some/rows@main/a/1.jsonl")).toEqual(text("{}\n"));
  expect(await platform.list("tiny/qwen@main")).toEqual([...modelFiles].sort());
  const files: CheckpointFiles = {
    read: (name, start, end) => platform.readAsset(`tiny/qwen@main/${name}`, start, end),
    sizeBytes: (name) => platform.assetSize(`tiny/qwen@main/${name}`),
  };
  const [remote, local] = [
    await loadModel(gpu, files, { trained: false }),
    await loadModel(gpu, folder(golden), { trained: false }),
  ];
  expect(await remote.parameters.read()).toEqual(await local.parameters.read());
  for (const { parameters } of [remote, local]) parameters.free();
  const tokens = (server: string) =>
    new Set(fake.requests.filter((request) => request.server === server).map(({ authorization }) => authorization));
  expect(tokens("hub")).toEqual(new Set(["Bearer hf_secret"]));
  expect(tokens("cdn")).toEqual(new Set([null]));
});

test("Deno reads any address by ranges, and says where there is none", async () => {
  const { assetSize, readAsset, list } = await openDenoPlatform(false);
  const address = `${fake.cdn}/models/tiny/qwen/config.json`;
  expect(await assetSize(address)).toBe((await folder(golden).read("config.json")).length);
  expect(new TextDecoder().decode(await readAsset(address, 0, 1))).toBe("{");
  expect(await list(fake.cdn)).toBeNull();
  expect(await assetSize(`${fake.endpoint}/none`)).toBeNull();
  await expect(readAsset(`${fake.endpoint}/none`)).rejects.toThrow(`There is no ${fake.endpoint}/none (404)`);
  // A secret for the Hub is none for others.
  expect(fake.requests.filter(({ server }) => server === "cdn").every((request) => !request.authorization)).toBe(true);
});

test("an endpoint or token that cannot be one", () => {
  expect(() => new NetworkFiles({ seesRedirects: true, endpoint: "mirror" })).toThrow(
    'HF_ENDPOINT must be an address such as https://huggingface.co, found "mirror"',
  );
  expect(() => new NetworkFiles({ seesRedirects: true, token: "hf_a\u0431c" })).toThrow(/^HF_TOKEN must be a token/);
});
