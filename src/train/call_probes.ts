import type { CallProbe, Rollout } from "../agent/rollout.ts";
import type { Pixels } from "../image/pixels.ts";
import { inputImage } from "../model/vision_rows.ts";
import type { ProbedTask, ProbeParts } from "./causal_zoom.ts";
import type { PackedGroup, Sequence } from "./pack.ts";

export interface CallProbeParts extends ProbeParts {
  /** Id that opens a tool call (policy/chat.ts). */
  toolCallStart: number;
}

/** A call, and the probes before it and behind its result: places among the probabilities that are asked for. */
interface Asked {
  rollout: Rollout;
  segment: number;
  from: number;
  before: number;
  after: number;
}

/** A conversation up to a place, without its prompt. */
interface State {
  tokens: readonly number[];
  pictures: readonly Pixels[];
}

/**
 * Asks for an answer before each call that a tool answered and behind what it answered, by opening `<answer>` there, and notes
 * in the call how likely the right one is under the weights as they are (TACO's probes; call_credit.ts has its formula). All of
 * a step is asked in the learner's forward passes; rollouts of a task share its prompt, and those that thought nothing before
 * their first call share the probe before it as well, so that a probe costs about a rollout without its backward pass.
 * A call that ended its rollout has no result, and is not probed.
 */
export async function probeCalls(parts: CallProbeParts, probed: readonly ProbedTask[]): Promise<void> {
  const groups: PackedGroup[] = [];
  const asked: Asked[] = [];
  const opening = parts.tokenizer.encode("<answer>");
  let count = 0;
  for (const { task, rollouts, promptImages, toolImages } of probed) {
    if (task.answer === "") continue;
    const closing = parts.tokenizer.encode(`${task.answer}</answer>`);
    const sequences: Sequence[] = [];
    const places = new Map<string, number>();
    const place = (state: State, owner: number): number => {
      // Pictures of others differ though their tokens are the same.
      const key = `${state.pictures.length === 0 ? "" : owner} ${state.tokens.join(" ")}`;
      const found = places.get(key);
      if (found !== undefined) return found;
      places.set(key, count);
      sequences.push(probeOf(state, opening, closing, parts));
      return count++;
    };
    for (const [r, rollout] of rollouts.entries())
      for (const call of answeredCalls(rollout, toolImages[r] ?? [], parts.toolCallStart)) {
        const { segment, from } = call;
        asked.push({ rollout, segment, from, before: place(call.before, r), after: place(call.after, r) });
      }
    const prefix = {
      tokens: rollouts[0]?.segments[0]?.tokens ?? [],
      images: promptImages.map((pixels) => inputImage(pixels, parts.vision)),
    };
    // As many at a time as an update has of a task, for whose passes there is memory.
    const together = rollouts.length + 1;
    for (let first = 0; first < sequences.length; first += together)
      groups.push({ prefix, sequences: sequences.slice(first, first + together) });
  }
  if (groups.length === 0) return;
  const found = probabilities(groups, await parts.learner.logprobs(groups, parts.settings));
  for (const { rollout, segment, from, before, after } of asked) {
    const probe: CallProbe = { from, before: found[before]!, after: found[after]! };
    for (const call of rollout.calls) if (call.segment === segment) call.probe = probe;
  }
}

/** Turns in which a tool was called and answered: where the call begins in the turn, and the conversation around it. */
function answeredCalls(
  { segments, calls }: Rollout,
  pictures: readonly Pixels[],
  toolCallStart: number,
): { segment: number; from: number; before: State; after: State }[] {
  const found: ReturnType<typeof answeredCalls> = [];
  const tokens: number[] = [];
  let shown = 0;
  for (const [s, segment] of segments.entries()) {
    if (s === 0) continue;
    const next = segments[s + 1];
    const isCall = segment.source === "model" && next?.source === "tool" && calls.some((call) => call.segment === s);
    if (isCall && next) {
      const from = Math.max(0, segment.tokens.indexOf(toolCallStart));
      const before = { tokens: [...tokens, ...segment.tokens.slice(0, from)], pictures: pictures.slice(0, shown) };
      const after = {
        tokens: [...tokens, ...segment.tokens, ...next.tokens],
        pictures: pictures.slice(0, shown + next.images.length),
      };
      found.push({ segment: s, from, before, after });
    }
    tokens.push(...segment.tokens);
    shown += segment.images.length;
  }
  return found;
}

function probeOf(
  { tokens, pictures }: State,
  opening: readonly number[],
  answer: readonly number[],
  { vision }: Pick<CallProbeParts, "vision">,
): Sequence {
  const start = tokens.length + opening.length;
  return {
    tokens: [...tokens, ...opening, ...answer],
    images: pictures.map((pixels) => inputImage(pixels, vision)),
    targets: answer.map((token, i) => ({ at: start + i - 1, token, weight: 0 })),
  };
}

/** Of each sequence's targets together, in order. */
function probabilities(groups: readonly PackedGroup[], logprobs: Float32Array): number[] {
  let at = 0;
  return groups.flatMap(({ sequences }) =>
    sequences.map(({ targets }) => {
      const sum = logprobs.subarray(at, at + targets.length).reduce((total, one) => total + one, 0);
      at += targets.length;
      return Math.exp(sum);
    }),
  );
}
