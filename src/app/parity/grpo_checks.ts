import { currentName } from "../../model/names.ts";
import { imageTokenCount } from "../../model/positions.ts";
import { advantages } from "../../train/advantage.ts";
import { Learner } from "../../train/learner.ts";
import type { PackedGroup } from "../../train/pack.ts";
import { type Check, check, compare, referenceSettings, type Subject, worst } from "./check.ts";
import { forwardPass } from "./forward_pass.ts";
import type { Variant } from "./golden_folder.ts";
import { parameterNames, positionChecks } from "./sequence_checks.ts";
import { norm, normDifference } from "./tolerance.ts";

type Grpo = NonNullable<Subject["folder"]["golden"]["grpo"]>;

/** Four rollouts of one prompt: each by itself, then together in the pass that computes the prompt once, loss by loss. */
export async function* grpoChecks(subject: Subject): AsyncGenerator<Check> {
  const { model, folder } = subject;
  const { golden, inputs, expected } = folder;
  const { grpo } = golden;
  if (!grpo) return;
  const rewards = Array.from(inputs.floats("grpo.rewards"));
  const measured = advantages(rewards, { normAdvByStd: true }) as number[];
  yield compare(subject, "advantages", measured, expected.floats("grpo.advantages"), { label: "grpo.advantages" });
  yield compare(
    subject,
    "advantages",
    advantages(rewards, { normAdvByStd: false }) as number[],
    expected.floats("grpo.advantages_without_std"),
    {
      label: "grpo.advantages_without_std",
    },
  );
  yield* rolloutChecks(subject, grpo);
  const start = await model.parameters.read("weight");
  for (const variant of grpo.variants) {
    yield* variantChecks(subject, grpo, { variant, advantage: measured, start });
    for (const [name, values] of start) model.parameters.set(name, values);
  }
}

/** Positions, log-probabilities and entropies of every rollout, the prompt with each. */
async function* rolloutChecks(subject: Subject, grpo: Grpo): AsyncGenerator<Check> {
  const { gpu, model, images, folder } = subject;
  const { inputs, expected } = folder;
  const lists = { position_ids: [], log_probs: [], entropies: [] } as Record<string, [string, Check][]>;
  for (const [g, rollout] of grpo.rollouts.entries()) {
    const ids = inputs.integers(`grpo.${g}.input_ids`);
    const shown = rollout.images.map((i) => images[i]!);
    for (const one of positionChecks(subject, ids, shown, `grpo.${g}.`))
      lists.position_ids!.push([`rollout ${g}`, { ...one, quantity: "grpo.position_ids" }]);
    const { logprobs, entropies } = await forwardPass(gpu, model, ids, shown);
    const put = (quantity: string, got: Float32Array) =>
      lists[quantity]!.push([
        `rollout ${g}`,
        compare(subject, quantity, got, expected.floats(`grpo.${g}.${quantity}`), { label: `grpo.${quantity}` }),
      ]);
    put("log_probs", logprobs);
    put("entropies", entropies);
  }
  for (const list of Object.values(lists)) yield worst(list);
}

/** The rollouts as the learner takes them, and log-probabilities of the reference policy beside its targets. */
function packedGroup(
  subject: Subject,
  { prompt_tokens: P, rollouts }: Grpo,
  { loss_agg_mode: mode }: Variant,
  advantage: readonly number[],
) {
  const { model, images, folder } = subject;
  const { inputs } = folder;
  const { imageTokenId, vision } = model.config;
  const masks = rollouts.map((_, g) => inputs.integers(`grpo.${g}.response_mask`));
  const total = masks.flat().reduce((a, b) => a + b, 0);
  const prompt = inputs.integers("grpo.0.input_ids").slice(0, P);
  let left = prompt.filter((id) => id === imageTokenId).length;
  const inPrompt = rollouts[0]!.images.filter((i) => {
    if (left <= 0) return false;
    left -= imageTokenCount(images[i]!.grid, vision.spatialMergeSize);
    return true;
  });
  const references: number[] = [];
  const group: PackedGroup = {
    prefix: { tokens: prompt, images: inPrompt.map((i) => images[i]!) },
    sequences: rollouts.map((rollout, g) => {
      const ids = inputs.integers(`grpo.${g}.input_ids`);
      const old = inputs.floats(`grpo.${g}.old_log_probs`);
      const reference = inputs.floats(`grpo.${g}.ref_log_probs`);
      const mask = masks[g]!;
      const own = mask.reduce((a, b) => a + b, 0);
      const weight = mode === "token-mean" ? 1 / total : 1 / (rollouts.length * own);
      return {
        tokens: ids.slice(P),
        images: rollout.images.slice(inPrompt.length).map((i) => images[i]!),
        targets: mask.flatMap((trained, t) => {
          if (!trained) return [];
          references.push(reference[t]!);
          return [{ at: t - P, token: ids[t + 1]!, weight, oldLogprob: old[t]!, advantage: advantage[g]! }];
        }),
      };
    }),
  };
  return { group, masks, references: Float32Array.from(references) };
}

/** One loss: value, metrics, gradients, and one step of AdamW from a fresh and from a given state. */
async function* variantChecks(
  subject: Subject,
  grpo: Grpo,
  {
    variant,
    advantage,
    start,
  }: { variant: Variant; advantage: readonly number[]; start: ReadonlyMap<string, Float32Array> },
): AsyncGenerator<Check> {
  const { gpu, model, folder } = subject;
  const { inputs, expected } = folder;
  const { parameters } = model;
  const { group, masks, references } = packedGroup(subject, grpo, variant, advantage);
  const { lr, betas, eps, weight_decay: weightDecay, max_grad_norm: maxGradNorm, warm_step: warmStep = 7 } = grpo.adamw;
  const settings = {
    ...referenceSettings,
    learningRate: lr,
    beta1: betas[0],
    beta2: betas[1],
    eps,
    weightDecay,
    maxGradNorm,
    clipRatioLow: variant.clip_ratio_low,
    clipRatioHigh: variant.clip_ratio_high,
    clipRatioC: variant.clip_ratio_c,
    klLossCoef: variant.kl_loss_coef,
  };
  const at = `grpo.${variant.name}`;
  const names = parameterNames(subject);
  const learner = new Learner(gpu, model, "policy");
  try {
    parameters.resetOptimizer();
    const { logprobs, terms, gradNorm } = await learner.update([group], settings, {
      updatesBefore: 0,
      refLogprobs: references,
    });
    const wanted = masks.flatMap((mask, g) =>
      Array.from(expected.floats(`grpo.${g}.log_probs`)).filter((_, t) => mask[t]),
    );
    yield compare(subject, "log_probs", logprobs, wanted, { label: `${at} log_probs` });

    const weights = group.sequences.flatMap((s) => s.targets.map((t) => t.weight));
    const sum = (column: number, weight: (i: number) => number) =>
      weights.reduce((total, _, i) => total + weight(i) * terms[i * 6 + column]!, 0);
    const aggregated = (column: number) => sum(column, (i) => weights[i]!);
    const tokenMean = (column: number) => sum(column, () => 1 / weights.length);
    const loss = aggregated(0) + variant.kl_loss_coef * aggregated(1);
    yield worst([
      ["loss", compare(subject, "grpo.loss", [loss], [variant.loss], { label: `${at} loss` })],
      ["pg_loss", compare(subject, "grpo.loss", [aggregated(0)], [variant.pg_loss], { label: `${at} loss` })],
      [
        "kl_loss",
        compare(subject, "grpo.loss", [variant.kl_loss === null ? 0 : aggregated(1)], [variant.kl_loss ?? 0], {
          label: `${at} loss`,
        }),
      ],
    ]);
    const metric = (name: "actor/pg_clipfrac" | "actor/pg_clipfrac_lower" | "actor/ppo_kl", column: number) =>
      [name, compare(subject, "metrics", [tokenMean(column)], [variant[name]], { label: `${at} metrics` })] as const;
    yield worst([metric("actor/pg_clipfrac", 2), metric("actor/pg_clipfrac_lower", 3), metric("actor/ppo_kl", 5)]);
    yield compare(subject, "grad_norm", [gradNorm], [variant.grad_norm], { label: `${at} grad_norm` });

    // The first moment of a fresh AdamW is the clipped gradient times 1 - beta1.
    const clip = Math.min(1, maxGradNorm / (gradNorm + 1e-6));
    const moments = await parameters.read("m");
    const gradient = (own: string) => moments.get(own)!.map((value) => value / (1 - betas[0]) / clip);
    const floor = 1e-4 * variant.grad_norm;
    const norms = expected.floats(`${at}.grad_norms`);
    yield worst(
      names.map(([name, own], i) => {
        const error = Math.abs(norm(gradient(own)) - norms[i]!) / Math.max(norms[i]!, floor);
        return [name, check(subject, "grad_norms", error, { label: `${at} grad_norms` })] as const;
      }),
    );
    const given = names.filter(([name]) => expected.has(`${at}.grad.${name}`));
    if (given.length > 0)
      yield worst(
        given.map(
          ([name, own]) =>
            [
              name,
              compare(subject, "grad", gradient(own), expected.floats(`${at}.grad.${name}`), {
                label: `${at} grad`,
                floor,
              }),
            ] as const,
        ),
      );

    const moved = async () => {
      const after = await parameters.read("weight");
      return (own: string) => Float64Array.from(after.get(own)!, (value, i) => value - start.get(own)![i]!);
    };
    yield* freshChecks(subject, at, await moved());
    const chosen = names.filter(([name]) => expected.has(`${at}.warm_delta.${name}`));
    if (chosen.length === 0) return;
    for (const [name, values] of start) parameters.set(name, values);
    parameters.resetOptimizer();
    for (const [name, own] of names) {
      if (!inputs.has(`adam.exp_avg.${name}`)) continue;
      parameters.set(own, inputs.floats(`adam.exp_avg.${name}`), "m");
      parameters.set(own, inputs.floats(`adam.exp_avg_sq.${name}`), "v");
    }
    await learner.update([group], settings, { updatesBefore: warmStep, refLogprobs: references });
    const warm = await moved();
    yield worst(
      chosen.map(
        ([name, own]) =>
          [
            name,
            compare(subject, "warm_delta", warm(own), expected.floats(`${at}.warm_delta.${name}`), {
              label: `${at} warm_delta`,
            }),
          ] as const,
      ),
    );
  } finally {
    learner.free();
  }
}

/** A fresh step is the sign of the gradient: where that is near zero it says nothing, so those elements are left out. */
function* freshChecks(subject: Subject, at: string, moved: (own: string) => Float64Array): Generator<Check> {
  const { expected, golden } = subject.folder;
  const least = Number(golden.tolerances?.delta?.where_grad_at_least ?? 1e-3);
  const chosen = golden.parameters.filter((name) => expected.has(`${at}.delta.${name}`));
  if (chosen.length === 0) return;
  yield worst(
    chosen.map((name) => {
      const reference = expected.floats(`${at}.grad.${name}`);
      const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const want = expected.floats(`${at}.delta.${name}`);
      const got = moved(currentName(name));
      const clear = [...reference.keys()].filter((i) => Math.abs(reference[i]!) >= least * largest);
      const error = normDifference(
        clear.map((i) => got[i]!),
        clear.map((i) => want[i]!),
        0,
      );
      return [name, check(subject, "delta", error, { label: `${at} delta` })] as const;
    }),
  );
}
