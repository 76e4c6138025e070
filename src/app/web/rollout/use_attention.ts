import { useEffect, useState } from "preact/hooks";
import type { Attention } from "../../worker_api/asked_attention.ts";
import { usePage } from "../run/page_context.ts";
import type { StepContext } from "./step_context.ts";
import { askedOf, obstacleTo } from "./use_measures.ts";

/** The cursor must rest this long before the model is asked. */
const patienceMs = 250;

/** What the chosen weights attend to at the token under the cursor; a line says why there is nothing. */
export function useAttention({ chosen, config, unit, sampledBefore: index }: StepContext): {
  found: Attention | null;
  line: string | null;
} {
  const { store, control } = usePage();
  const [answer, setAnswer] = useState<{ key: string; found: Attention | null; problem: string | null } | null>(null);
  const { rollout, task } = chosen;
  const ask = config && (store.lookup.value?.pictures ?? null);
  const isModel = unit.source === "model";
  const obstacle = isModel ? obstacleTo(store, rollout, ask) : "Attention is shown of tokens that the model wrote";
  const { weights, run } = askedOf(store);
  const key = JSON.stringify([rollout.id, index, weights, run, store.live.value.step]);
  const known = answer?.key === key;
  useEffect(() => {
    if (obstacle !== null || known || !ask) return;
    let stale = false;
    const timer = setTimeout(() => {
      control.api.rollouts.attention({ rollout, task, config: ask, weights, run, index }).then(
        (found) => stale || setAnswer({ key, found, problem: null }),
        (error: Error) => stale || setAnswer({ key, found: null, problem: error.message }),
      );
    }, patienceMs);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [rollout, task, obstacle, known, key, control]);

  if (obstacle !== null) return { found: null, line: obstacle };
  if (!known) return { found: null, line: "asking the model…" };
  return { found: answer.found, line: answer.problem };
}
