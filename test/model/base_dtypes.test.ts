import { expect, test } from "vitest";
import { referenceSettings } from "../../src/app/parity/check.ts";
import { forwardPass } from "../../src/app/parity/forward_pass.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { type BaseDtype, baseDtypes } from "../../src/model/base_dtype.ts";
import type { CheckpointFiles } from "../../src/model/checkpoint_files.ts";
import { loadModel } from "../../src/model/load.ts";
import type { Model } from "../../src/model/model.ts";
import { pack, unpack } from "../../src/model/weight_form.ts";
import { Random } from "../../src/tasks/random.ts";
import { openAdapter } from "../../src/train/adapter.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { Learner } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { gpu } from "../support/device.ts";
import { goldenModel } from "../support/golden.ts";
import { randomQwen } from "../support/random_qwen.ts";

const families = ["qwen3-deepstack", "qwen25-window"] as const;

type Golden = Awaited<ReturnType<typeof goldenModel>>;

const imagesOf = ({ golden, images }: Golden) => golden.sequence.images.map((i) => images[i]!);

function groupsOf(golden: Golden): PackedGroup[] {
  const tokens = golden.inputs.integers("input_ids");
  const targets = tokens.slice(1).map((token, at) => ({ at, token, weight: 1 / (tokens.length - 1) }));
  return [{ prefix: { tokens: [], images: [] }, sequences: [{ tokens, images: imagesOf(golden), targets }] }];
}

/** Log-probabilities of a sequence with its pictures, and in training those and the gradients of an adapter. */
async function computed(on: Gpu, model: Model, golden: Golden) {
  const ids = golden.inputs.integers("input_ids");
  const images = imagesOf(golden);
  const { logprobs: alone } = await forwardPass(on, model, ids, images);
  const config = resolveConfig({ loraRank: 4, loraAlpha: 8, loraTargets: "all-linear" });
  const adapter = (await openAdapter(on, model, { ...config, seed: 3 }, null))!;
  const random = new Random(9, [1]);
  // Beside a B of zeros A has no gradient.
  for (const { name, shape } of adapter.parameters.shapes)
    if (name.endsWith("lora_B.weight"))
      adapter.parameters.set(
        name,
        Float32Array.from({ length: shape[0]! * shape[1]! }, () => 0.1 * random.normal()),
      );
  model.adapter = adapter;
  const learner = new Learner(on, model, "nll");
  const { logprobs } = await learner.update(groupsOf(golden), referenceSettings, { updatesBefore: 0 });
  const gradients = [...(await adapter.parameters.read("m"))].flatMap(([, values]) => [...values]);
  learner.free();
  model.adapter = null;
  adapter.parameters.free();
  return { alone, logprobs, gradients: Float32Array.from(gradients) };
}

/** The same without the fast ways of kernels. */
async function computedPlainly(
  files: CheckpointFiles,
  baseDtype: BaseDtype,
  numbers: ReadonlyMap<string, Float32Array>,
  golden: Golden,
) {
  const plain = await Gpu.open(navigator.gpu, { plain: true });
  const model = await loadModel(plain, files, { trained: false, baseDtype });
  expect(await model.parameters.read()).toEqual(numbers);
  const results = await computed(plain, model, golden);
  plain.close();
  return results;
}

const furthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!) || (Number.isNaN(value) ? 1 : 0)), 0);

const forms: Readonly<Record<string, readonly string[]>> = {
  bf16: ["bf16", "f32"],
  f16: ["f16", "f32"],
  // The embedding and the convolution over patches stay as they are stored.
  int8: ["bf16", "f32", "i8"],
  int4: ["bf16", "f32", "i4"],
  nf4: ["bf16", "f32", "nf4"],
};

test.each(families)("%s: a model in bf16 keeps the bits that it has in f32", async (family) => {
  const golden = await goldenModel(family);
  golden.model.parameters.free();
  const [stored, wide] = [await randomQwen(family, "BF16"), await randomQwen(family, "F32")];
  const auto = await loadModel(gpu, stored, { trained: false });
  const f32 = await loadModel(gpu, stored, { trained: false, baseDtype: "f32" });
  const trained = await loadModel(gpu, wide, { trained: true });
  const bytes = ({ parameters }: Model) => parameters.segments.reduce((sum, { weight }) => sum + weight.buffer.size, 0);
  expect(bytes(auto)).toBeLessThan(0.6 * bytes(f32));
  expect(await auto.parameters.read()).toEqual(await trained.parameters.read());
  const want = await computed(gpu, f32, golden);
  expect(await computed(gpu, auto, golden)).toEqual(want);
  expect((await computed(gpu, trained, golden)).logprobs).toEqual(want.logprobs);
  for (const { parameters } of [auto, f32, trained]) parameters.free();
});

/** Layers read weights through the same kernels in both families: of the second, one dtype without blocks and one with them. */
const pairs = [
  ...baseDtypes.slice(2).map((dtype) => ["qwen25-window", dtype] as const),
  ...(["f16", "nf4"] as const).map((dtype) => ["qwen3-deepstack", dtype] as const),
];

test.each(pairs)(
  "%s on weights in %s computes what the numbers that they stand for give in f32",
  async (family, baseDtype) => {
    const golden = await goldenModel(family);
    golden.model.parameters.free();
    const files = await randomQwen(family, "BF16");
    const model = await loadModel(gpu, files, { trained: false, baseDtype });
    const dtypes = new Set(model.parameters.shapes.map(({ name }) => model.parameters.get(name).dtype));
    expect([...dtypes].sort()).toEqual(forms[baseDtype]);
    const numbers = await model.parameters.read();
    const reference = await loadModel(gpu, files, { trained: false, baseDtype: "f32" });
    if (baseDtype !== "bf16" && baseDtype !== "f16") expect(await reference.parameters.read()).not.toEqual(numbers);
    for (const [name, values] of numbers) reference.parameters.set(name, values);
    const [got, want] = [await computed(gpu, model, golden), await computed(gpu, reference, golden)];
    // Without fast kernels the same numbers are stored in f32; one family shows it.
    const plainly = family === "qwen25-window" ? await computedPlainly(files, baseDtype, numbers, golden) : want;
    for (const part of ["alone", "logprobs", "gradients"] as const) {
      expect(want[part].every(Number.isFinite)).toBe(true);
      expect(furthest(got[part], want[part]), part).toBeLessThan(1e-4);
      expect(furthest(got[part], plainly[part]), `${part}, plain`).toBeLessThan(1e-4);
    }
    expect(Math.max(...want.gradients.map(Math.abs))).toBeGreaterThan(1e-2);
    for (const { parameters } of [model, reference]) parameters.free();
  },
);

test.each(families)("%s: trained weights that are read in bf16 have gradients in f32", async (family) => {
  const golden = await goldenModel(family);
  golden.model.parameters.free();
  const files = await randomQwen(family, "F32");
  const f32 = await loadModel(gpu, files, { trained: true });
  const rounded = await loadModel(gpu, files, { trained: true, baseDtype: "bf16" });
  const dtypes = new Set(rounded.parameters.shapes.map(({ name }) => rounded.parameters.get(name).dtype));
  expect([...dtypes].sort()).toEqual(["bf16", "f32"]);
  // The file's numbers are bf16: before an update both read the same.
  const want = await updated(f32, golden);
  const got = await updated(rounded, golden);
  expect(got.first).toEqual(want.first);
  expect(got.gradients).toEqual(want.gradients);
  expect(got.weights).toEqual(want.weights);
  // Afterwards one of them reads what the optimizer holds, the other one the nearest bf16.
  expect(got.second).not.toEqual(want.second);
  for (const [name, values] of got.weights)
    f32.parameters.set(name, rounded.parameters.get(name).dtype === "bf16" ? nearest(values) : values);
  const learner = new Learner(gpu, f32, "nll");
  expect((await learner.update(groupsOf(golden), referenceSettings, { updatesBefore: 0 })).logprobs).toEqual(
    got.second,
  );
  learner.free();
  for (const { parameters } of [f32, rounded]) parameters.free();
});

const nearest = (values: Float32Array) =>
  unpack(pack(values, values.length, { dtype: "bf16" }, { name: "weight" }), values.length, { dtype: "bf16" });

/** An update of all weights, and what is computed before and after it. */
async function updated(model: Model, golden: Golden) {
  const learner = new Learner(gpu, model, "nll");
  const { logprobs: first } = await learner.update(
    groupsOf(golden),
    { ...referenceSettings, learningRate: 1e-3 },
    { updatesBefore: 0 },
  );
  const gradients = await model.parameters.read("m");
  const weights = await model.parameters.read();
  const { logprobs: second } = await learner.update(groupsOf(golden), referenceSettings, { updatesBefore: 1 });
  learner.free();
  return { first, gradients, weights, second };
}
