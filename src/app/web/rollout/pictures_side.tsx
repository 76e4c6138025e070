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

/** The pictures that the cursor has passed: the original with its boxes, and the model's inputs. */
export function PicturesSide({ step, problem, unseen }: Props) {
  const { chosen, units, cursor, inputs, over } = step;
  // A picture is shown once the cursor has passed its tokens.
  const passed = new Set(units.slice(0, cursor + 1).flatMap((unit) => unit.picture ?? []));
  const seen = inputs.filter((picture) => passed.has(picture.index));
  const zooms = seen.filter((picture) => picture.zoom > 0).length;
  const original = step.pictures?.[0];
  return (
    <section class="stack" aria-label="Pictures">
      <div class="card">
        <h2>
          <b>Image</b> {original ? `original ${original.width} × ${original.height}` : "…"}
          {inputs[0] &&
            ` · model input ${sizeText(inputs[0])} · ${inputs[0].tokensAcross * inputs[0].tokensDown} tokens`}
        </h2>
        {original && passed.has(0) ? (
          <Stage original={original} rollout={chosen.rollout} task={chosen.task} zooms={zooms}>
            {over.value?.original?.(original)}
          </Stage>
        ) : (
          <NoStage problem={problem} />
        )}
      </div>
      <div class="card">
        <h2>
          <b>Seen so far</b> {zooms === 1 ? "1 zoom" : `${zooms} zooms`}
        </h2>
        <Crops inputs={seen} over={over.value?.input} />
        {unseen !== null && <p class="problem small">{unseen}.</p>}
      </div>
    </section>
  );
}
