import { expect, test } from "vitest";
import { inputImage } from "../../src/model/vision_rows.ts";
import { measureTokens } from "../../src/train/inspect.ts";
import { Learner } from "../../src/train/learner.ts";
import { gpu } from "../support/device.ts";
import { needleModel, scenePrompt } from "../support/shipped.ts";

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
  const found = await measureTokens(gpu, { model }, group, { ...settings, count: 5 });

  expect(found).toHaveLength(at.length);
  expect(found.map(({ logprob }) => logprob)).toEqual(Array.from(logprobs));
  for (const [i, { top, other, logprob, entropy, spread }] of found.entries()) {
    const probabilities = top.map(({ probability }) => probability);
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
    expect(probabilities.reduce((sum, p) => sum + p)).toBeLessThanOrEqual(1 + 1e-9);
    expect(top.some(({ token }) => settings.suppressed.includes(token))).toBe(false);
    const { probability } = top.find(({ token }) => token === written[at[i]!])!;
    expect(Math.abs(Math.log(probability) - logprob)).toBeLessThan(1e-4);
    expect(entropy).toBeGreaterThan(0);
    expect(spread).toBeGreaterThanOrEqual(1 - probability);
    expect(spread).toBeLessThan(Math.SQRT2);
    expect(other).toBeNull();
  }
  // Against itself a model differs in nothing.
  for (const { top, logprob, other } of await measureTokens(gpu, { model, other: model }, group, {
    ...settings,
    count: 5,
  }))
    expect(other).toEqual({ probabilities: top.map(({ probability }) => probability), logprob, kl: 0 });
  learner.free();
});
