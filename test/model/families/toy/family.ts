/**
 * A family as small as one can be: image tokens are linear in the pixels of their merge block, and layers of a second
 * kind mix no tokens, so that the cache holds nothing of them. The test copies this folder beside the real families.
 */

import { KeyValueCache } from "../../../../src/model/cache.ts";
import { fullAttention } from "../../../../src/model/config.ts";
import { type Section, section, whole } from "../../../../src/model/config_values.ts";
import { hermesCalls } from "../../../../src/model/families/call_syntax.ts";
import type { Family } from "../../../../src/model/families/family.ts";
import { readText, textProblems } from "../../../../src/model/families/text_config.ts";
import { expectAll, readVision, visionProblems } from "../../../../src/model/families/vision_config.ts";
import { textPrefix, visionPrefix } from "../../../../src/model/names.ts";
import { processorOrder } from "../../../../src/model/positions.ts";
import { readPreprocessor } from "../../../../src/model/preprocessor.ts";
import { attentionOnly, layerName, type Mixer, textPass } from "../../../../src/model/text_decoder.ts";
import { VisionRows } from "../../../../src/model/vision_rows.ts";
import { Shapes } from "../../../../src/model/weights.ts";
import { pixelsOfTokens } from "./pixels_of_tokens.ts";

const projection = `${visionPrefix}projection`;
const pointwise = "pointwise";

const mixNothing: Mixer = {
  mix: ({ tape, weights }, layer, normed, { residual }) =>
    weights.linear(tape, `${layerName(layer)}.pointwise.proj`, normed, { residual }),
};

export const toyVL: Family = {
  modelType: "toy_vl",
  frame: "relative-1000",
  callSyntax: hermesCalls,
  published: {},
  readConfig(json, preprocessor) {
    const root: Section = { json, where: "config.json: " };
    const traits = { mropeInterleaved: true, attentionBias: false, headNorm: false };
    const config = {
      modelType: "toy_vl",
      text: readText(section(root, "text_config"), traits, [fullAttention, pointwise]),
      vision: readVision(section(root, "vision_config"), preprocessor, "silu"),
      tieWordEmbeddings: true,
      imageTokenId: whole(root, "image_token_id", 2 ** 20),
    };
    expectAll([...textProblems(config.text), ...visionProblems(config)]);
    return config;
  },
  readPreprocessor: ({ json, where }) => readPreprocessor(json, where),
  parameterShapes({ text, vision }) {
    const { hiddenSize: C, headDim: D, numAttentionHeads: H, numKeyValueHeads: K, intermediateSize: F } = text;
    const shapes = new Shapes();
    shapes.linear(projection, C, pixelsOfTokens(vision), true);
    shapes.add(`${textPrefix}embed_tokens.weight`, text.vocabSize, C);
    for (const [i, type] of text.layerTypes.entries()) {
      const layer = layerName(i);
      shapes.add(`${layer}.input_layernorm.weight`, C);
      if (type === pointwise) shapes.linear(`${layer}.pointwise.proj`, C, C, false);
      else {
        const attention = `${layer}.self_attn`;
        const inputs = [
          [`${attention}.q_proj`, H * D],
          [`${attention}.k_proj`, K * D],
          [`${attention}.v_proj`, K * D],
        ] as const;
        shapes.linears(inputs, C, false);
        shapes.linear(`${attention}.o_proj`, C, H * D, false);
      }
      shapes.add(`${layer}.post_attention_layernorm.weight`, C);
      const gateAndUp = [
        [`${layer}.mlp.gate_proj`, F],
        [`${layer}.mlp.up_proj`, F],
      ] as const;
      shapes.linears(gateAndUp, C, false);
      shapes.linear(`${layer}.mlp.down_proj`, C, F, false);
    }
    shapes.add(`${textPrefix}norm.weight`, C);
    return shapes.all;
  },
  patchOrder: processorOrder,
  attendedKeys: () => 0,
  visionRows: (plan, vision, options) =>
    new VisionRows(plan, vision, {
      ...options,
      patchesOf: (grid) => processorOrder(grid).patches,
      own: { fill: () => {} },
    }),
  newCache: (gpu, { text }, { rows }, dtype) => new KeyValueCache(gpu, text, rows, dtype),
  passes: (gpu, { text, vision }, kvCacheDtype) => ({
    vision: (tape, weights, rows) => {
      const pixels = rows.pixelValues();
      const joined = { ...pixels, shape: [rows.tokens, pixelsOfTokens(vision)] };
      return { embeds: weights.linear(tape, projection, joined), deepstack: [] };
    },
    text: textPass(gpu, text, kvCacheDtype, { ...attentionOnly, [pointwise]: mixNothing }),
  }),
};
