import { expect, test } from "vitest";
import { inputImage } from "../../src/model/vision_rows.ts";
import { likeliest, likelihoods } from "../../src/train/inspect.ts";
import { Learner } from "../../src/train/learner.ts";
import { gpu } from "../support/device.ts";
import { needleModel, scenePrompt } from "../support/shipped.ts";

test("a row of logits by hand: order, temperature, what may not be sampled, the written token behind the top", () => {
  const logits = Float32Array.of(Math.log(1), Math.log(4), Math.log(2), Math.log(3));
  const top = (token: number, settings = { temperature: 1, suppressed: [] as number[] }) =>
    likeliest(logits, token, settings, 2).map(({ token, probability }) => [token, Number(probability.toFixed(6))]);
  expect(top(3)).toEqual([
    [1, 0.4],
    [3, 0.3],
  ]);
  expect(top(0)).toEqual([
    [1, 0.4],
    [3, 0.3],
    [0, 0.1],
  ]);
  // Temperature 1/2 squares the odds: 1, 16, 4, 9.
  expect(top(1, { temperature: 0.5, suppressed: [] })).toEqual([
    [1, 0.533333],
    [3, 0.3],
  ]);
  expect(top(2, { temperature: 1, suppressed: [1] })).toEqual([
    [3, 0.5],
    [2, 0.333333],
  ]);
  expect(top(1, { temperature: 1, suppressed: [1] }).at(-1)).toEqual([1, 0]);
});

test("written tokens have the probabilities that training measures", async () => {
  const { model, tokenizer, chat } = await needleModel();
  const { tokens, images: shown } = scenePrompt(chat, 0);
  const images = shown.map((pixels) => inputImage(pixels, model.config.vision));
  const turns = [tokenizer.encode("<answer>7</answer><|im_end|>"), tokenizer.encode("<answer>3</answer><|im_end|>")];
  const answer = chat.observation("", [16]);
  const written = [...turns[0]!, ...answer, ...turns[1]!];
  const at = [...turns[0]!.keys(), ...[...turns[1]!.keys()].map((i) => turns[0]!.length + answer.length + i)];
  const group = {
    prefix: { tokens, images },
    sequences: [{ tokens: written, images, targets: at.map((i) => ({ at: i - 1, token: written[i]!, weight: 0 })) }],
  };
  const settings = { temperature: 1.3, suppressed: [...chat.reserved, chat.toolCallStart] };
  const learner = new Learner(gpu, model, "policy");
  const logprobs = await learner.logprobs([group], settings);
  const found = await likelihoods(gpu, model, group, { ...settings, count: 5 });

  expect(found).toHaveLength(at.length);
  for (const [i, alternatives] of found.entries()) {
    const probabilities = alternatives.map(({ probability }) => probability);
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
    expect(probabilities.reduce((sum, p) => sum + p)).toBeLessThanOrEqual(1 + 1e-9);
    expect(alternatives.some(({ token }) => settings.suppressed.includes(token))).toBe(false);
    const { probability } = alternatives.find(({ token }) => token === written[at[i]!])!;
    expect(Math.abs(Math.log(probability) - logprobs[i]!)).toBeLessThan(1e-4);
  }
  learner.free();
});
