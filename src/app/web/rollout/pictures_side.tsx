import { sizeText } from "../run/model_inputs.ts";
import { Crops } from "./crops.tsx";
import { NoStage, Stage } from "./stage.tsx";
import type { StepContext } from "./step_context.ts";

interface Props {
  step: StepContext;
  /** In the place of a picture that cannot be had. */
  problem: string | null;
  /** Why what the model saw cannot be made again. */
  unseen: string | null;
}

/** The original with its boxes, and the model's inputs; what comes after the cursor says so. */
export function PicturesSide({ step, problem, unseen }: Props) {
  const { chosen, units, cursor, unit, inputs, over } = step;
  const passed = new Set(units.slice(0, cursor + 1).flatMap(({ picture }) => picture ?? []));
  const later = inputs.filter(({ index }) => !passed.has(index)).length;
  const zooms = inputs.filter(({ zoom }) => zoom > 0).length;
  const original = step.pictures?.[0];
  return (
    // It scrolls by itself where it is higher than the window, and keys must be able to.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls
    <section class="stack beside pictures" aria-label="Pictures" tabIndex={0}>
      <div class="card">
        <h2>
          <b>Image</b> {original ? `${original.width} × ${original.height}` : "…"}
          {inputs[0] &&
            ` · model input ${sizeText(inputs[0])}, ${inputs[0].tokensAcross * inputs[0].tokensDown} tokens`}
        </h2>
        {original ? (
          <Stage
            original={original}
            rollout={chosen.rollout}
            task={chosen.task}
            inputs={inputs}
            cursorSegment={unit.segment}
          >
            {over.value?.original?.(original)}
          </Stage>
        ) : (
          <NoStage problem={problem} />
        )}
      </div>
      <div class="card">
        <h2>
          <b>Seen by the model</b> {zooms === 1 ? "1 zoom" : `${zooms} zooms`}
          {later > 0 && ` · ${later} after the cursor`}
        </h2>
        <Crops inputs={inputs} passed={passed} over={over.value?.input} />
        {unseen !== null && <p class="problem small">{unseen}.</p>}
      </div>
    </section>
  );
}
