import { currentName } from "../../model/names.ts";
import { ropePositions } from "../../model/positions.ts";
import type { InputImage } from "../../model/vision_rows.ts";
import { GpuPolicy } from "../../policy/gpu_policy.ts";
import { Learner } from "../../train/learner.ts";
import { type Check, check, compare, referenceSettings, type Subject, worst } from "./check.ts";
import { type ForwardPass, forwardPass } from "./forward_pass.ts";
import { largestDifference, norm } from "./tolerance.ts";

/** The pictures of the main sequence, in the order in which it shows them. */
export const inputImages = ({ folder, images }: Subject): InputImage[] =>
  folder.golden.sequence.images.map((i) => images[i]!);

/** Vision output, positions, hidden states, log-probabilities and entropies of the main sequence, from one forward pass. */
export function* forwardChecks(subject: Subject, pass: ForwardPass): Generator<Check> {
  const { folder, model } = subject;
  const { inputs, expected } = folder;
  if (expected.has("image_embeds"))
    yield compare(subject, "image_embeds", pass.embeds, expected.floats("image_embeds"));
  const features = expected.names().filter((name) => name.startsWith("deepstack."));
  if (features.length !== pass.deepstack.length)
    yield check(subject, "deepstack", Number.POSITIVE_INFINITY, {
      note: `expected ${features.length} features, found ${pass.deepstack.length}`,
    });
  else if (features.length > 0)
    yield worst(
      pass.deepstack.map(
        (feature, i) =>
          [`deepstack.${i}`, compare(subject, "deepstack", feature, expected.floats(`deepstack.${i}`))] as const,
      ),
    );

  const ids = inputs.integers("input_ids");
  yield* positionChecks(subject, ids, inputImages(subject), "");
  const C = model.config.text.hiddenSize;
  const picked = inputs
    .integers("hidden_positions")
    .flatMap((p) => Array.from(pass.hidden.subarray(p * C, (p + 1) * C)));
  yield compare(subject, "hidden", picked, expected.floats("hidden"));
  yield compare(subject, "log_probs", pass.logprobs, expected.floats("log_probs"));
  yield compare(subject, "entropies", pass.entropies, expected.floats("entropies"));
}

/** M-RoPE positions of a sequence against `PREFIXposition_ids`, and `rope_delta` where it is given. */
export function* positionChecks(
  subject: Subject,
  ids: readonly number[],
  shown: readonly InputImage[],
  prefix: string,
): Generator<Check> {
  const { model, folder } = subject;
  const { imageTokenId, vision } = model.config;
  const { t, h, w, next } = ropePositions({
    tokens: ids,
    imageTokenId,
    grids: shown.map((i) => i.grid),
    mergeSize: vision.spatialMergeSize,
  });
  yield compare(subject, "position_ids", [...t, ...h, ...w], folder.expected.integers(`${prefix}position_ids`), {
    label: `${prefix}position_ids`,
  });
  if (folder.expected.has(`${prefix}rope_delta`))
    yield compare(subject, "rope_delta", [next - ids.length], folder.expected.integers(`${prefix}rope_delta`));
}

/**
 * Loss and gradients of the main sequence as training makes them, and its log-probabilities. With an adapter on the
 * model, those of the adapter.
 *
 * @param prefix "" or "lora."
 * @param names  tensors as the reference spells them, and as the parameters that are trained do
 */
export async function* gradientChecks(
  subject: Subject,
  prefix: "" | "lora.",
  names: readonly (readonly [reference: string, own: string])[],
): AsyncGenerator<Check> {
  const { gpu, model, folder } = subject;
  const { inputs, expected } = folder;
  const ids = inputs.integers("input_ids");
  const mask = inputs.integers("loss_mask");
  const total = mask.reduce((a, b) => a + b, 0);
  const targets = ids.slice(1).map((token, at) => ({ at, token, weight: mask[at]! / total }));
  model.trained.resetOptimizer();
  const learner = new Learner(gpu, model, "nll");
  try {
    // A rate of 0 leaves the weights; the optimizer clears the gradients, so they are read from its first moment.
    const { logprobs, entropies } = await learner.update(
      [{ prefix: { tokens: [], images: [] }, sequences: [{ tokens: ids, images: inputImages(subject), targets }] }],
      referenceSettings,
      { updatesBefore: 0 },
    );
    yield compare(subject, "log_probs", logprobs, expected.floats(`${prefix}log_probs`), {
      label: `${prefix}log_probs in training`,
    });
    yield compare(subject, "entropies", entropies, expected.floats(`${prefix}entropies`), {
      label: `${prefix}entropies in training`,
    });
    const loss = -logprobs.reduce((sum, value, i) => sum + (value * mask[i]!) / total, 0);
    yield compare(subject, "loss", [loss], expected.floats(`${prefix}loss`), { label: `${prefix}loss` });

    const gradients = await model.trained.read("m");
    // Where no gradient flows the reference has none, and ours is to be 0.
    const wanted = names.map(([reference, own]) => {
      const key = `${prefix}grad.${reference}`;
      return {
        reference,
        got: gradients.get(own),
        want: expected.has(key) ? expected.floats(key) : new Float32Array(gradients.get(own)?.length ?? 0),
      };
    });
    const floor = 1e-4 * Math.hypot(...wanted.map(({ want }) => norm(want)));
    yield worst(
      wanted.map(
        ({ reference, got, want }) =>
          [reference, compare(subject, "grad", got ?? [], want, { label: `${prefix}grad`, floor })] as const,
      ),
    );
  } finally {
    learner.free();
  }
}

/** The reference's names of all weights, and ours. */
export const parameterNames = ({ folder }: Subject): [reference: string, own: string][] =>
  folder.golden.parameters.map((name) => [name, currentName(name)]);

/** Greedy text by the policy: prompt prefilled, tokens one by one through the cache, for two conversations at once. */
export async function* greedyChecks(subject: Subject): AsyncGenerator<Check> {
  const { gpu, model, folder } = subject;
  const { golden, inputs, expected } = folder;
  if (!golden.greedy) return;
  const { prompt_tokens: promptTokens, new_tokens: newTokens } = golden.greedy;
  const policy = new GpuPolicy(gpu, model);
  try {
    const prompt = {
      tokens: inputs.integers("input_ids").slice(0, promptTokens),
      images: inputImages(subject).map((image) => image.pixels),
    };
    const conversations = await policy.begin([prompt], 2, newTokens, {
      seed: 0,
      step: 0,
      temperature: 0,
      suppressed: [],
      stops: [],
    });
    const writing = conversations.write([0, 1], newTokens);
    let next = await writing.next();
    while (!next.done) next = await writing.next();
    const want = expected.integers("greedy.ids");
    const logprobs = expected.floats("greedy.log_probs");
    yield worst(
      next.value.map(({ tokens }, row) => {
        const different = want.findIndex((id, i) => tokens[i] !== id);
        const error = want.filter((id, i) => tokens[i] !== id).length;
        const note = different < 0 ? "" : `token ${different} is ${tokens[different]}, expected ${want[different]}`;
        return [`row ${row}`, check(subject, "greedy.ids", error, { note })] as const;
      }),
    );
    yield worst(
      next.value.map(
        (turn, row) =>
          [`row ${row}`, check(subject, "greedy.log_probs", largestDifference(turn.logprobs, logprobs))] as const,
      ),
    );
    conversations.close();
  } finally {
    policy.free();
  }
}

/** The main sequence through the model as it is. */
export const passOfSequence = (subject: Subject): Promise<ForwardPass> =>
  forwardPass(subject.gpu, subject.model, subject.folder.inputs.integers("input_ids"), inputImages(subject));
