import { useEffect, useState } from "preact/hooks";
import type { Rollout } from "../../../agent/rollout.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { Alternative } from "../../worker_api/token_measures.ts";
import { modelName } from "../labels/model_name.ts";
import { count } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import type { Chosen, Store } from "../run/store.ts";

/** What the open model would sample now in place of each sampled token of a rollout. */
export interface Alternatives {
  /** One list per sampled token, in order; null where there are none to show. */
  lists: readonly (readonly Alternative[])[] | null;
  /** Whose weights they are, or why there are none. */
  line: string;
}

/** A rollout must be on screen this long before the model is asked: asking costs the run time. */
const patienceMs = 250;

/** Asks once for each rollout, and again once the weights have changed and the run stands still. */
export function useAlternatives(chosen: Chosen, config: RunConfig | null): Alternatives {
  const { store, control } = usePage();
  const [found, setFound] = useState<{ rollout: string; lists: Alternative[][]; step: number } | null>(null);
  const { rollout, task } = chosen;
  // The model needs the pictures of the rollout too.
  const ask = config && (store.lookup.value?.pictures ?? null);
  const obstacle = obstacleOf(store) ?? obstacleIn(rollout, ask);
  const step = store.live.value.step;
  const moving = store.player.value === "playing" || store.player.value === "stepping";
  const current = found?.rollout === rollout.id && (moving || found.step === step);
  const pictureSettings = JSON.stringify(ask);
  useEffect(() => {
    if (obstacle !== null || current || !ask) return;
    const timer = setTimeout(() => {
      control.api.rollouts.measures({ rollout, task, config: ask }).then(
        ({ tokens }) => setFound({ rollout: rollout.id, lists: tokens.map(({ alternatives }) => alternatives), step }),
        (error) => store.notices.error(error),
      );
    }, patienceMs);
    return () => clearTimeout(timer);
  }, [rollout, task, pictureSettings, obstacle, current, step, control, store]);

  if (obstacle !== null) return { lists: null, line: obstacle };
  if (found?.rollout !== rollout.id) return { lists: null, line: "asking the model…" };
  return { lists: found.lists, line: weightsLine(store, found.step) };
}

/** Why the model cannot be asked, null where it can. */
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

function obstacleIn({ segments }: Rollout, config: RunConfig | null): string | null {
  if (config === null) return "What else the model might have sampled needs the rollout’s pictures";
  const tokens = segments.reduce((sum, segment) => sum + segment.tokens.length, 0);
  return tokens > longestAsked
    ? `What else the model might have sampled is not asked for more than ${count(longestAsked)} tokens`
    : null;
}

function weightsLine(store: Store, step: number): string {
  if (store.live.value.head === null) return "now: the model as it was loaded, not as this run left it";
  return store.replay.value
    ? `now: the run in this tab after step ${count(step)}, not the recorded one`
    : `now: after step ${count(step)}`;
}
