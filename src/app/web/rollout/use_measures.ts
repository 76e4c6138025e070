import { useEffect, useState } from "preact/hooks";
import type { Rollout } from "../../../agent/rollout.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { WeightsChoice } from "../../worker_api/asked_weights.ts";
import type { Measures } from "../../worker_api/token_measures.ts";
import { modelName } from "../labels/model_name.ts";
import { count } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import type { Chosen, Store } from "../run/store.ts";
import { askedOf, weightsAsked } from "../run/who_answers.ts";

/** What the model finds at each sampled token of a rollout. */
export interface StepMeasures {
  /** Null where there is nothing to show. */
  found: Measures | null;
  /** Whose weights they are, or why there are none. */
  line: string;
}

/** A rollout must be on screen this long before the model is asked: asking costs the run time. */
const patienceMs = 250;

/** Which are compared with them. */
export function weightsCompared(store: Store): WeightsChoice | null {
  const { other } = store.askedWeights.value;
  const asked = weightsAsked(store);
  if (other !== undefined) return other === asked ? null : other;
  // Without a run in this tab the current weights are those of the start.
  if (asked !== "checkpoint" && store.live.value.head === null) return null;
  return asked === "start" ? "now" : "start";
}

/** Asks once for each rollout, and again once other weights are wanted, or they have changed and the run stands still. */
export function useMeasures({ rollout, task }: Chosen, config: RunConfig | null): StepMeasures {
  const { store, control } = usePage();
  const [answer, setAnswer] = useState<Answer | null>(null);
  // The model needs the pictures of the rollout too.
  const ask = config && (store.lookup.value?.pictures ?? null);
  const obstacle = obstacleTo(store, rollout, ask);
  const step = store.live.value.step;
  const moving = store.player.value === "playing" || store.player.value === "stepping";
  // While steps fly by there is no time for more than one answer.
  const other = moving ? null : weightsCompared(store);
  const start = !moving && other !== "start" && (store.panels.value.formula === true || (config?.klLossCoef ?? 0) > 0);
  const { weights, run } = askedOf(store);
  const key = JSON.stringify([rollout.id, weights, other, start, run]);
  const current = answer !== null && (moving ? answer.of === rollout.id : answer.key === key && answer.step === step);
  const pictureSettings = JSON.stringify(ask);
  useEffect(() => {
    if (obstacle !== null || current || !ask) return;
    // Questions are answered in their order: a later answer takes the place of an earlier one.
    const timer = setTimeout(() => {
      const of = { of: rollout.id, key, step };
      control.api.rollouts.measures({ rollout, task, config: ask, weights, run, other, start }).then(
        (found) => setAnswer({ ...of, found, problem: null }),
        (error: Error) => setAnswer({ ...of, found: null, problem: error.message }),
      );
    }, patienceMs);
    return () => clearTimeout(timer);
  }, [rollout, task, pictureSettings, obstacle, current, step, key, control, store]);

  if (obstacle !== null) return { found: null, line: obstacle };
  if (answer?.of !== rollout.id) return { found: null, line: "asking the model…" };
  if (answer.found === null) return { found: null, line: answer.problem };
  return { found: answer.found, line: lineOf(store, answer.found, rollout, answer.step) };
}

type Answer = { of: string; key: string; step: number } & (
  | { found: Measures; problem: null }
  | { found: null; problem: string }
);

/** Why the model cannot be asked about a rollout, null where it can. @param config  under which its pictures are made */
export function obstacleTo(store: Store, rollout: Rollout, config: RunConfig | null): string | null {
  return obstacleOf(store) ?? obstacleIn(rollout, config);
}

function obstacleOf(store: Store): string | null {
  const opened = store.opened.value;
  const trained = store.runHead.value?.model.name;
  if (store.gpuProblem.value !== null)
    return "What else the model might have sampled needs the model, which needs WebGPU";
  if (opened === null) return "What else the model might have sampled is shown once the model is open";
  if (store.warmup.value.running) return "What else the model might have sampled is shown once the warm-up is over";
  if (trained !== undefined && opened.model.name !== trained)
    return `What else the model might have sampled is not shown: this run trained ${modelName(trained)}, and ${modelName(opened.model.name)} is open`;
  return null;
}

/** No model is asked unprompted about more tokens than this. */
const longestAsked = 65_536;

function obstacleIn({ segments, elsewhere }: Rollout, config: RunConfig | null): string | null {
  if (elsewhere)
    return "What else the model might have sampled is not known here of a model whose weights are elsewhere";
  if (config === null) return "What else the model might have sampled needs the rollout’s pictures";
  const tokens = segments.reduce((sum, segment) => sum + segment.tokens.length, 0);
  return tokens > longestAsked
    ? `What else the model might have sampled is not asked for more than ${count(longestAsked)} tokens`
    : null;
}

/** Whose weights answered. */
function lineOf(store: Store, { by }: Measures, rollout: Rollout, step: number): string {
  const wrote = rollout.step - 1;
  if (by.weights === "now") return nowLine(store, step);
  if (by.step === wrote) return `the weights that wrote it: ${placeOf(by.step)}`;
  return `${by.weights === "start" ? "" : "nearest checkpoint: "}${placeOf(by.step)}; it was written ${placeOf(wrote)}`;
}

const placeOf = (step: number | null): string => (step === 0 ? "at the start" : `after step ${count(step ?? 0)}`);

function nowLine(store: Store, step: number): string {
  if (store.live.value.head === null) return "now: the model at the start of the run, not its trained weights";
  return store.replay.value
    ? `now: the run in this tab after step ${count(step)}, not the recorded one`
    : `now: after step ${count(step)}`;
}
