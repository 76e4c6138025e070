import { type ModelInput, sizeText } from "../run/model_inputs.ts";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import type { Over } from "./step_context.ts";

interface Props {
  inputs: readonly ModelInput[];
  /** Indices of those before the cursor; absent: all. */
  passed?: ReadonlySet<number>;
  /** What is drawn over each. */
  over?: Over["input"];
}

/** The model inputs, pixel by pixel, with the grid of their image tokens. */
export function Crops({ inputs, passed, over }: Props) {
  return (
    <div class="crops">
      {inputs.map((picture) => {
        const { index, pixels, zoom, tokensAcross, tokensDown } = picture;
        const name = zoom === 0 ? "model input" : `crop ${zoom}, model input`;
        const later = passed && !passed.has(index);
        return (
          <figure key={index} class={`${zoomClass(zoom)} ${later ? "later" : ""}`}>
            <div class="seen" style={{ "--across": tokensAcross, "--down": tokensDown }}>
              <PixelsCanvas pixels={pixels} label={name} />
              {over?.(picture)}
            </div>
            <figcaption>
              {name} · {sizeText(picture)} · {tokensAcross} × {tokensDown} tokens
              {later && " · after the cursor"}
            </figcaption>
          </figure>
        );
      })}
    </div>
  );
}

/** The colour of a zoom, the same on its box, its crop and in the transcript; none for a task's own picture. */
export const zoomClass = (zoom: number): string => (zoom === 0 ? "" : `zoom${((zoom - 1) % 2) + 1}`);
