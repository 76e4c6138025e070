import { expect, test } from "vitest";
import { readAliases, settingOf } from "../../src/interop/aliases.ts";
import { expectBaseDtype, expectMatrixUnits } from "../../src/train/adapter_settings.ts";
import { resolveConfig } from "../../src/train/config.ts";

test("weights that are trained are read in f32 or bf16", () => {
  for (const baseDtype of ["auto", "f32", "bf16"])
    expect(() => expectBaseDtype(resolveConfig({ baseDtype }))).not.toThrow();
  for (const baseDtype of ["f16", "int8", "int4", "nf4"]) {
    expect(() => expectBaseDtype(resolveConfig({ baseDtype }))).toThrow(
      `baseDtype is ${baseDtype}, but this run trains all weights, which can be read in f32 or bf16 only; set loraRank to train an adapter on weights in ${baseDtype}, or leave baseDtype at auto`,
    );
    expect(() => expectBaseDtype(resolveConfig({ baseDtype, loraRank: 8 }))).not.toThrow();
    expect(() => expectBaseDtype(resolveConfig({ baseDtype, adapter: "mine" }))).not.toThrow();
  }
});

test("where all weights are trained, a dtype that others would train in is reported and not used", () => {
  for (const [word, said] of [
    [
      "dtype=bfloat16",
      "dtype=bfloat16: all weights are trained, in f32; --base-dtype bf16 reads them as the nearest bf16",
    ],
    [
      "actor_rollout_ref.actor.fsdp_config.model_dtype=bf16",
      "actor_rollout_ref.actor.fsdp_config.model_dtype=bf16: all weights are trained, in f32; --base-dtype bf16 reads them as the nearest bf16",
    ],
  ] as const)
    expect(readAliases([settingOf(word)], resolveConfig({}))).toEqual({ changes: {}, notes: [said], refused: [] });
});

test("matrix units are for weights under an adapter", () => {
  expect(() => expectMatrixUnits(resolveConfig({ matrixUnits: "on" }))).toThrow(
    /^matrixUnits is on, but this run trains all weights, .* set loraRank to train an adapter, or leave matrixUnits off$/,
  );
  for (const config of [{}, { matrixUnits: "on", loraRank: 4 }, { matrixUnits: "on", adapter: "folder" }] as const)
    expect(() => expectMatrixUnits(resolveConfig(config))).not.toThrow();
});
