import { afterAll, describe, expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { LoraAdapter } from "../../src/model/lora.ts";
import { readLoraConfig } from "../../src/model/lora_config.ts";
import { TextRows } from "../../src/model/text_rows.ts";
import { gpu } from "../support/device.ts";
import { goldenModel } from "../support/golden.ts";

/** What stands beside the layers: embeddings, angles of rotation, and the last norm. */
const outside = 3;

describe.each(["qwen25-window", "qwen3-plain"])("%s", async (folder) => {
  const { model } = await goldenModel(folder);
  afterAll(() => model.parameters.free());
  const { numHiddenLayers: L, vocabSize } = model.config.text;

  function dispatchesOfLayer(rows: number, cached: boolean, recording = false): number {
    const plan = new Plan(gpu, "count");
    const cache = cached ? model.newCache({ rows: 64, sequences: 1 }) : undefined;
    const textRows = new TextRows(plan, { capacity: rows, vocabSize, imageTokens: 0, trained: recording });
    model.text(new Tape(plan, recording), { rows: textRows, vision: null, cache });
    const { dispatches } = plan;
    plan.free();
    cache?.free();
    return (dispatches - outside) / L;
  }

  test("an adapter on all layers adds few", () => {
    const config = readLoraConfig({ peft_type: "LORA", r: 4, lora_alpha: 8, target_modules: "all-linear" });
    model.adapter = new LoraAdapter(gpu, model.parameters, config, { trained: false });
    for (const rows of [1, 8, 64]) expect(dispatchesOfLayer(rows, true), `${rows} rows`).toBeLessThanOrEqual(13);
    expect(dispatchesOfLayer(64, false)).toBeLessThanOrEqual(13);
    model.adapter.parameters.free();
    model.adapter = null;
  });

  test("a layer takes few dispatches, in decoding, in a prefill and in training", () => {
    for (const rows of [1, 8, 64]) expect(dispatchesOfLayer(rows, true), `${rows} rows`).toBeLessThanOrEqual(9);
    expect(dispatchesOfLayer(64, false)).toBeLessThanOrEqual(9);
    expect(dispatchesOfLayer(64, false, true)).toBeLessThanOrEqual(9);
  });
});
