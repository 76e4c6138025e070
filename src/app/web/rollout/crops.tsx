import { type Shown, sizeText } from "../run/shown_pictures.ts";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";

/** Pictures exactly as the model saw them, pixel by pixel, with the grid of its image tokens. */
export function Crops({ shown }: { shown: readonly Shown[] }) {
  return (
    <div class="crops">
      {shown.map((picture) => {
        const { index, pixels, zoom, tokensAcross, tokensDown } = picture;
        const name = zoom === 0 ? "what the model saw first" : `crop ${zoom}, as the model saw it`;
        return (
          <figure key={index} class={zoom === 0 ? "" : `zoom${((zoom - 1) % 2) + 1}`}>
            <div class="seen" style={{ "--across": tokensAcross, "--down": tokensDown }}>
              <PixelsCanvas pixels={pixels} label={name} />
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
