import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import { chooseGraphs, type GraphDtype } from "../../onnx/policy/graph_files.ts";
import { readOnnxFacts } from "../../onnx/policy/onnx_facts.ts";
import { OnnxModel } from "../../onnx/policy/onnx_model.ts";
import type { OnnxRuntime } from "../../onnx/runtime/runtime.ts";
import type { Check } from "./check.ts";
import type { OnnxReference } from "./onnx_reference.ts";
import { largestDifference, type Tolerance } from "./tolerance.ts";

const exact: Tolerance = { measure: "exact", limit: 0 };
const near: Tolerance = { measure: "abs", limit: 1e-4 };

/** What graphs made of a reference's conversation. */
interface Made {
  logprobs: Float32Array;
  entropies: Float32Array;
  ids: number[];
  greedyLogprobs: number[];
}

/** Dtypes that a folder's graphs are compared in: those that lose something are reported, not judged. */
const compared = ["fp32", "fp16", "q8"] as const satisfies readonly GraphDtype[];

/**
 * Runs the graphs of a folder on a conversation and compares what they make of it.
 * @param names  where the reference is from, for people
 * @throws Error where there are no graphs, or they cannot be opened
 */
export async function* onnxChecks(
  runtime: OnnxRuntime,
  files: CheckpointFiles,
  reference: OnnxReference,
): AsyncGenerator<Check | { said: string }> {
  const facts = await readOnnxFacts(files);
  const has = async (path: string) => (await files.sizeBytes(path)) !== null;
  const there: GraphDtype[] = [];
  for (const dtype of compared)
    if (await has(`onnx/decoder_model_merged${dtype === "fp32" ? "" : dtype === "fp16" ? "_fp16" : "_quantized"}.onnx`))
      there.push(dtype);
  if (!there.includes("fp32"))
    yield { said: "There are no fp32 graphs: what others lose is reported, and nothing is held to 1e-4" };
  for (const dtype of there) {
    const wanted = { embed_tokens: dtype, vision_encoder: dtype, decoder_model_merged: dtype };
    const chosen = await chooseGraphs(has, { wanted, recommended: null, half: true });
    const folder = { sizeBytes: files.sizeBytes, read: (path: string) => files.read(path) };
    const model = await OnnxModel.open(runtime, folder, { facts, chosen, read: () => {} });
    try {
      const made = await run(model, reference);
      if (dtype === "fp32") yield* judged(made, reference);
      else yield { said: reported(dtype, made, reference) };
    } finally {
      await model.close();
    }
  }
}

function* judged(made: Made, { logprobs, entropies, greedy }: OnnxReference): Generator<Check> {
  const near1 = (quantity: string, got: ArrayLike<number>, want: ArrayLike<number>): Check => {
    const error = largestDifference(got, want);
    return { quantity, passed: error <= near.limit, error, tolerance: near, note: "" };
  };
  yield near1("onnx log_probs", made.logprobs, logprobs);
  yield near1("onnx entropies", made.entropies, entropies);
  if (!greedy) return;
  const same = sameTokens(made.ids, greedy.ids);
  const note = same === greedy.ids.length ? "" : `token ${same} is ${made.ids[same]}, expected ${greedy.ids[same]}`;
  const passed = note === "";
  yield { quantity: "onnx greedy.ids", passed, error: passed ? 0 : 1, tolerance: exact, note };
  yield near1("onnx greedy.log_probs", made.greedyLogprobs, greedy.logprobs);
}

function reported(dtype: GraphDtype, made: Made, { logprobs, greedy }: OnnxReference): string {
  const difference = largestDifference(made.logprobs, logprobs).toExponential(1);
  const tokens = greedy
    ? `, the first ${sameTokens(made.ids, greedy.ids)} of ${greedy.ids.length} greedy tokens are the same`
    : "";
  return `${dtype}: log_probs differ by at most ${difference}${tokens}`;
}

/** How many agree before the first that does not. */
function sameTokens(got: readonly number[], want: readonly number[]): number {
  const different = want.findIndex((id, i) => got[i] !== id);
  return different < 0 ? want.length : different;
}

async function run(model: OnnxModel, { tokens, images, greedy }: OnnxReference): Promise<Made> {
  const all = await model.extend({ tokens, images, start: 0 }, null, "all");
  model.release(all.cache);
  const V = all.logits.length / tokens.length;
  const ofToken = tokens.slice(0, -1).map((_, t) => distribution(all.logits.subarray(t * V, (t + 1) * V)));
  const logprobs = Float32Array.from(ofToken, (of, t) => of.logprob(tokens[t + 1]!));
  const entropies = Float32Array.from(ofToken, (of) => of.entropy);
  const ids: number[] = [];
  const greedyLogprobs: number[] = [];
  if (greedy) {
    const prompt = { tokens: tokens.slice(0, greedy.promptTokens), images, start: 0 };
    let state = await model.extend(prompt, null);
    while (ids.length < greedy.ids.length) {
      const of = distribution(state.logits);
      ids.push(of.likeliest);
      greedyLogprobs.push(of.logprob(of.likeliest));
      // Behind one there is no picture to go on with.
      if (of.likeliest === model.facts.imageTokenId) break;
      const before = state.cache;
      state = await model.extend({ tokens: [of.likeliest], images: [], start: state.next }, before);
      model.release(before);
    }
    model.release(state.cache);
  }
  return { logprobs, entropies, ids, greedyLogprobs };
}

/** Of logits, in double precision: what is compared is the graph's error. */
function distribution(logits: Float32Array): { logprob(id: number): number; entropy: number; likeliest: number } {
  let likeliest = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v]! > logits[likeliest]!) likeliest = v;
  const most = logits[likeliest]!;
  let sum = 0;
  let weighted = 0;
  for (const logit of logits) {
    const share = Math.exp(logit - most);
    sum += share;
    weighted += share * (logit - most);
  }
  const log = Math.log(sum);
  return { logprob: (id) => logits[id]! - most - log, entropy: log - weighted / sum, likeliest };
}
