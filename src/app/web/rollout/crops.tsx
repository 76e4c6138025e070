import { type ModelInput, sizeText } from "../run/model_inputs.ts";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import type { Over } from "./step_context.ts";

interface Props {
  inputs: readonly ModelInput[];
  /** What is drawn over each. */
  over?: Over["input"];
}

/** The model inputs, pixel by pixel, with the grid of their image tokens. */
export function Crops({ inputs, over }: Props) {
  return (
    <div class="crops">
      {inputs.map((picture) => {
        const { index, pixels, zoom, tokensAcross, tokensDown } = picture;
        const name = zoom === 0 ? "model input" : `crop ${zoom}, model input`;
        return (
          <figure key={index} class={zoom === 0 ? "" : `zoom${((zoom - 1) % 2) + 1}`}>
            <div class="seen" style={{ "--across": tokensAcross, "--down": tokensDown }}>
              <PixelsCanvas pixels={pixels} label={name} />
              {over?.(picture)}
            </div>
            <figcaption>
              {name} · {sizeText(picture)} · {tokensAcross} × {tokensDown} tokens
            </figcaption>
          </figure>
        );
      })}
    </div>
  );
}
