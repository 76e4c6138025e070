import { PixelsCanvas } from "./pixels_canvas.tsx";
import { type Shown, shownSidePx, tokenSidePx } from "./shown_pictures.ts";

const tokensAcross = shownSidePx / tokenSidePx;

/** Pictures exactly as the model saw them, pixel by pixel, with the grid of its image tokens. */
export function Crops({ shown }: { shown: readonly Shown[] }) {
  return (
    <div class="crops">
      {shown.map(({ index, pixels, zoom }) => {
        const name = zoom === 0 ? "what the model saw first" : `crop ${zoom}, as the model saw it`;
        return (
          <figure key={index} class={zoom === 0 ? "" : `zoom${((zoom - 1) % 2) + 1}`}>
            <div class="seen" style={{ "--n": tokensAcross }}>
              <PixelsCanvas pixels={pixels} label={name} />
            </div>
            <figcaption>
              {name} · {shownSidePx} × {shownSidePx} · {tokensAcross} × {tokensAcross} tokens
            </figcaption>
          </figure>
        );
      })}
    </div>
  );
}
