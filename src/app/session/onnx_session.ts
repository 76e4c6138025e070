import { smartResize } from "../../image/smart_resize.ts";
import { OnnxPolicy } from "../../onnx/policy/onnx_policy.ts";
import type { Platform } from "../../platform.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import type { Vocabulary } from "../../policy/vocabulary.ts";
import { philox } from "../../tasks/random.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { OpenedGraphs } from "./opened_graphs.ts";
import { PicturePool } from "./picture_pool.ts";
import { type JudgeAccess, type OwnParts, openRunContext } from "./run_context.ts";
import { type WeightlessParts, WeightlessSession } from "./weightless_session.ts";

export interface OnnxSessionOptions {
  judgeAccess?: JudgeAccess;
  own?: OwnParts;
  signal?: AbortSignal;
}

/** A model as ONNX graphs in the layout of transformers.js: it rolls, and cannot be trained. The graphs stay the caller's. */
export class OnnxSession extends WeightlessSession {
  readonly #notices: readonly string[];

  /** Opens tasks and judge. @throws Error with one sentence for people */
  static async open(
    platform: Platform,
    config: RunConfig,
    { name, model, tokenizer, runBy }: OpenedGraphs,
    { judgeAccess = {}, own, signal }: OnnxSessionOptions = {},
  ): Promise<OnnxSession> {
    const { facts } = model;
    const { patchSize, mergeSize, minPixels, maxPixels } = facts.preprocessor;
    const most = config.maxPixels > 0 ? Math.min(config.maxPixels, maxPixels) : maxPixels;
    const limits = { factor: patchSize * mergeSize, minPixels: Math.min(minPixels, most), maxPixels: most };
    const pool = new PicturePool((width, height) => smartResize(height, width, limits, "transformers"), null);
    const { vocabulary, notices } = vocabularyOf(tokenizer);
    try {
      const context = await openRunContext(config, {
        platform,
        tokenizer: vocabulary,
        view: limits,
        pool,
        judgeAccess,
        own,
      });
      const policy = new OnnxPolicy({ model, name, view: limits, vocabulary, random: philox });
      const parts: WeightlessParts = {
        policy,
        name,
        adapter: runBy,
        where: "--policy-onnx",
        vocabulary,
        chat: context.chat,
        context,
        pool,
        frame: facts.frame,
        limits,
        imageTokens: ({ width, height }) => (width / limits.factor) * (height / limits.factor),
        current: { current: signal },
      };
      return new OnnxSession(parts, { notices: [...facts.preprocessor.notices, ...notices] });
    } catch (error) {
      pool.close();
      throw error;
    }
  }

  private constructor(parts: WeightlessParts, { notices }: { notices: readonly string[] }) {
    super(parts);
    this.#notices = notices;
  }

  override get notices(): readonly string[] {
    return this.#notices;
  }
}

/** No id: what is left out of a distribution by it is nothing. */
const noToken = -1;
const callStart = "<tool_call>";

/** Qwen2-VL's tokenizer has no token for the start of a call: its calls are text, which is read all the same. */
function vocabularyOf(tokenizer: Tokenizer): { vocabulary: Vocabulary; notices: string[] } {
  if (tokenizer.find(callStart) !== null) return { vocabulary: tokenizer, notices: [] };
  const vocabulary: Vocabulary = {
    largestId: tokenizer.largestId,
    encode: (text) => tokenizer.encode(text),
    decode: (tokens) => tokenizer.decode(tokens),
    text: (token) => tokenizer.text(token),
    texts: (tokens) => tokenizer.texts(tokens),
    isSpecial: (token) => tokenizer.isSpecial(token),
    find: (token) => tokenizer.find(token),
    id: (token) => (token === callStart ? noToken : tokenizer.id(token)),
  };
  const notice = `The tokenizer has no token ${callStart}: calls are read as text, and where no tools are offered nothing keeps the model from writing one`;
  return { vocabulary, notices: [notice] };
}
