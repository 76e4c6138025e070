import { describe, expect, test } from "vitest";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import type { CommandContext } from "../../../src/app/deno/command_line/command_context.ts";
import { runCommand } from "../../../src/app/deno/commands/commands.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import type { Check } from "../../../src/app/parity/check.ts";
import { parity } from "../../../src/app/parity/parity.ts";
import {
  largestDifference,
  normDifference,
  relativeDifference,
  toleranceOf,
} from "../../../src/app/parity/tolerance.ts";
import { Gpu } from "../../../src/gpu/gpu.ts";
import type { CheckpointFiles } from "../../../src/model/checkpoint_files.ts";
import { readHeader } from "../../../src/model/safetensors.ts";
import { gpu } from "../../support/device.ts";
import { goldenFiles, withFile } from "../../support/golden.ts";

async function checksOf(files: CheckpointFiles, until?: string): Promise<Map<string, Check>> {
  const checks = new Map<string, Check>();
  for await (const check of parity(gpu, files)) {
    checks.set(check.quantity, check);
    if (check.quantity === until) break;
  }
  return checks;
}

const sequence = [
  "position_ids",
  "rope_delta",
  "hidden",
  "log_probs",
  "entropies",
  "log_probs in training",
  "entropies in training",
  "loss",
  "grad",
  "greedy.ids",
  "greedy.log_probs",
];
const pictures = ["pixel_values", "image_embeds"];
const lora = ["log_probs", "entropies", "log_probs in training", "entropies in training", "loss", "grad"].map(
  (q) => `lora.${q}`,
);
const variants = ["base", "high", "kl", "high-kl", "seq", "seq-high", "seq-kl", "seq-high-kl"].map((v) => `grpo.${v}`);
const grpo = [
  ...["advantages", "advantages_without_std", "position_ids", "log_probs", "entropies"].map((q) => `grpo.${q}`),
  ...variants.flatMap((v) => ["log_probs", "loss", "metrics", "grad_norm", "grad_norms"].map((q) => `${v} ${q}`)),
  ...[
    "grpo.base grad",
    "grpo.base delta",
    "grpo.base warm_delta",
    "grpo.seq-high-kl grad",
    "grpo.seq-high-kl warm_delta",
  ],
];

/** The models, their gradients, adapters, losses and optimizer against transformers, PEFT and verl. */
describe.each([
  ["qwen25-window", [...pictures, "trace windows", "trace", ...lora, ...grpo]],
  ["qwen25-published", [...pictures, ...lora]],
  ["qwen3-deepstack", [...pictures, "deepstack", ...grpo]],
  ["qwen3-plain", [...pictures, ...lora]],
])("%s", (name, quantities) => {
  test("equals the reference programs in every quantity", async () => {
    const checks = await checksOf(goldenFiles(name));
    expect([...checks.keys()].sort()).toEqual([...sequence, ...quantities].sort());
    for (const { quantity, passed, error, tolerance, note } of checks.values())
      expect(passed, `${quantity}: ${error} of ${tolerance.limit} ${tolerance.measure}; ${note}`).toBe(true);
  });
});

describe("what is wrong fails", () => {
  const window = goldenFiles("qwen25-window");
  const json = async (name: string) => JSON.parse(new TextDecoder().decode(await window.read(name)));
  const jsonBytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

  test("and the first layer that differs is named", async () => {
    const config = await json("config.json");
    config.vision_config.fullatt_block_indexes = [2];
    const checks = await checksOf(withFile(window, "config.json", jsonBytes(config)), "log_probs");
    expect(checks.get("pixel_values")!.passed).toBe(true);
    expect(checks.get("trace")!.note).toContain("the first layer that differs is vision.block.1, by ");
    for (const quantity of ["trace", "image_embeds", "hidden", "log_probs"])
      expect(checks.get(quantity)!.passed, quantity).toBe(false);
  });

  test("and so does a window of another size", async () => {
    const config = await json("config.json");
    config.vision_config.window_size = 56;
    const checks = await checksOf(withFile(window, "config.json", jsonBytes(config)), "trace");
    expect(checks.get("trace windows")!.passed).toBe(false);
    expect(checks.get("trace")!.note).toContain("the first layer that differs is vision.block.0, by ");
  });

  test("a reference that is off by more than the tolerance, or is no number, in a gradient or a picture", async () => {
    const bytes = (await window.read("expected.safetensors")).slice();
    const { tensors } = await readHeader(bytes, bytes.length);
    const overwrite = (name: string, change: (value: number) => number) => {
      const { startByte, endByte } = tensors.find((t) => t.name === name)!;
      const values = new Float32Array(bytes.slice(startByte, endByte).buffer).map(change);
      bytes.set(new Uint8Array(values.buffer), startByte);
    };
    overwrite("grad.model.visual.merger.ln_q.weight", (v) => v * 1.0021);
    overwrite("log_probs", (v) => v + 2e-4);
    overwrite("entropies", () => Number.NaN);
    const checks = await checksOf(withFile(window, "expected.safetensors", bytes), "grad");
    expect([...checks.values()].filter((c) => !c.passed).map((c) => c.quantity)).toEqual([
      "log_probs",
      "entropies",
      "log_probs in training",
      "entropies in training",
      "grad",
    ]);
    expect(checks.get("grad")!.note).toContain("model.visual.merger.ln_q.weight");
    expect(checks.get("grad")!.error).toBeCloseTo(0.0021, 4);
  });

  test("levels that are not those of the picture", async () => {
    const preprocessor = await json("preprocessor_config.json");
    preprocessor.size.longest_edge = 10000;
    const checks = await checksOf(
      withFile(window, "preprocessor_config.json", jsonBytes(preprocessor)),
      "pixel_values",
    );
    expect(checks.get("pixel_values")).toMatchObject({ passed: false, error: Number.POSITIVE_INFINITY });
  });
});

test("without the fast ways of kernels the numbers are others, and as good", async () => {
  const plain = await Gpu.open(navigator.gpu, { plain: true });
  const errors: number[] = [];
  for (const device of [gpu, plain])
    for await (const check of parity(device, goldenFiles("qwen3-plain"))) {
      if (check.quantity === "log_probs") errors.push(check.error);
      expect(check.passed, check.quantity).toBe(true);
      if (check.quantity === "loss") break;
    }
  plain.close();
  expect(errors).toHaveLength(2);
  expect(errors[0]).not.toBe(errors[1]);
});

test("measures, by hand", () => {
  expect(largestDifference([1, 2, 3], [1, 2.5, 2])).toBe(1);
  expect(largestDifference([1, Number.NaN, 3], [1, 2, 9])).toBeNaN();
  expect(largestDifference([1, 2], [1, 2, 3])).toBe(Number.POSITIVE_INFINITY);
  expect(relativeDifference([1, 2, -3], [1, 2.5, -4])).toBe(0.25);
  expect(relativeDifference([0, 0], [0, 0])).toBe(0);
  expect(relativeDifference([0, 1], [0, 0])).toBe(Number.POSITIVE_INFINITY);
  expect(normDifference([3, 4], [0, 0], 10)).toBe(0.5);
  expect(normDifference([3, 0], [0, 4], 1)).toBe(1.25);
  expect(normDifference([1, Number.NaN], [1, 1], 1)).toBeNaN();
  expect(normDifference([1], [1, 1], 1)).toBe(Number.POSITIVE_INFINITY);
});

test("a case's own tolerance counts, else the format's", () => {
  expect(toleranceOf("hidden", { hidden: { rel: 0.5 } })).toEqual({ measure: "rel", limit: 0.5 });
  expect(toleranceOf("grad", { grad: { norm: 0.002, floor: 1e-4 } })).toEqual({ measure: "norm", limit: 0.002 });
  expect(toleranceOf("position_ids", { position_ids: { exact: true } })).toEqual({ measure: "exact", limit: 0 });
  expect(toleranceOf("loss", {})).toEqual({ measure: "abs", limit: 1e-4 });
});

test("the command prints every quantity and the sum, and fails where anything does", async () => {
  const lines: string[] = [];
  const root = decodeURIComponent(new URL("../../golden/", import.meta.url).pathname);
  const parsed = parseArguments(["parity", `${root}qwen3-plain/`, `${root}cases`]);
  if (parsed.help) throw new Error("not a command to run");
  const context = {
    terminal: { print: (line: string) => lines.push(line), progress: () => {} },
    openPlatform: async () => ({ ...(await openDenoPlatform(false)), gpu: navigator.gpu }),
    stopping: () => false,
  } as Partial<CommandContext> as CommandContext;
  expect(await runCommand(parsed, context)).toBe(1);
  expect(lines[0]).toBe(`${root}qwen3-plain/`);
  expect(lines.find((line) => line.includes("image_embeds"))).toMatch(
    /^ {2}ok {4}image_embeds +\d\.\de-\d of 0\.0001 rel$/,
  );
  expect(lines.at(-2)).toBe("  FAIL  case.json is missing from the model's folder");
  expect(lines.at(-1)).toBe("19 passed, 1 failed");
});
