import type { ComponentChildren } from "preact";
import { usePage } from "../run/page_context.ts";
import { healthLights, type Light, type LightState } from "./health_lights.ts";

/** Whether what the curves rest on holds: three lights, each in words, with what to do where one is not good. */
export function HealthCard() {
  const { store, worth } = usePage();
  const updates = store.updates.value;
  if (updates.length === 0) return null;
  const found = worth.ofShown(worth.sight);
  const evaluated = store.evals.value.findLast(({ metrics }) => Object.hasOwn(metrics, "causal/blind_loss"));
  const metrics = updates.slice(-8).map((update) => update.metrics);
  const lights = healthLights(metrics, evaluated?.metrics ?? null, found?.sight ?? null);
  const record = store.record.value;
  const ready = record?.groups.some((group) => group !== null) ?? false;
  const asking = worth.asking.value !== null;
  return (
    <section class="card health" aria-label="Health of the run">
      {lights.map((light) => (
        <LightLine key={light.name} light={light}>
          {light.name === "pixels" && (
            <>
              {found && <span class="soft"> {found.who}.</span>}
              {!found && evaluated && <span class="soft"> In the evaluation after step {evaluated.step}.</span>}{" "}
              <button
                type="button"
                class="link small"
                disabled={!ready || worth.obstacle !== null || asking}
                title={worth.obstacle ?? undefined}
                onClick={() => record && void worth.measureSight(record)}
              >
                {light.state === "unknown" ? "Measure" : "Measure again"}
                <span class="hidden"> whether the learner sees</span>
              </button>
            </>
          )}
        </LightLine>
      ))}
    </section>
  );
}

const stateWords: Record<LightState, string> = { good: "good", watch: "look", bad: "bad", unknown: "unknown" };

function LightLine({ light, children }: { light: Light; children?: ComponentChildren }) {
  const { title, state, value, sentence } = light;
  return (
    <div class={`light ${state}`}>
      <p>
        <i aria-hidden="true" />
        <b>{title}</b> <span class="state">{stateWords[state]}</span>
      </p>
      <p class="num value">{value}</p>
      <p class="small">
        {sentence}
        {children}
      </p>
    </div>
  );
}
