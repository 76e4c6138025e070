import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { smallSteps, smallStepsToLearn, softwareStepSeconds } from "../../session/software_step.ts";
import { roughDuration } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";

/** What a step takes where the processor stands in for a graphics card, and steps that can be watched there. */
export function SoftwareLine() {
  const { store, control } = usePage();
  const config = store.config.value;
  const { productSeconds } = store.opened.value ?? {};
  const isShipped = config.data === "" && resolveConfig({ preset: config.preset }).model === config.model;
  if (productSeconds === undefined || !isShipped) return null;
  const { tasksPerStep, rolloutsPerTask } = config;
  const takes = (of: Partial<RunConfig>, steps = 1) =>
    roughDuration(1000 * steps * softwareStepSeconds(productSeconds, { ...config, ...of }));
  const isSmall = tasksPerStep * rolloutsPerTask <= smallSteps.tasksPerStep * smallSteps.rolloutsPerTask;
  const needle = { ...smallSteps, model: "needle", worlds: "needle" };
  return (
    <p class="small pending">
      No graphics card here: the processor computes in its place, and a step of {tasksPerStep} × {rolloutsPerTask} will
      take {takes({})}.{" "}
      {config.model === "worlds" &&
        "Its model is three times the size of needle’s, and a rollout has several turns: needle is what can be watched here. "}
      {isSmall ? (
        config.model !== "worlds" &&
        `Small steps learn too, with more noise: when needle was tried so, accuracy reached .8 after ${smallStepsToLearn} steps of ${smallSteps.tasksPerStep} × ${smallSteps.rolloutsPerTask}, which are ${takes(needle, smallStepsToLearn)} here.`
      ) : (
        <button
          type="button"
          onClick={() => {
            for (const [knob, value] of Object.entries(smallSteps))
              control.setKnob(knob as keyof typeof smallSteps, value);
          }}
        >
          Take steps of {smallSteps.tasksPerStep} × {smallSteps.rolloutsPerTask}: {takes(smallSteps)}
        </button>
      )}
    </p>
  );
}
