import { zoomPlaces } from "../../../agent/zoom_places.ts";
import { type ModelInput, sizeText } from "../run/model_inputs.ts";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import { CutBox, zoomClass } from "./cut_box.tsx";
import type { Over } from "./step_context.ts";

interface Props {
  inputs: readonly ModelInput[];
  /** Indices of those before the cursor; absent: all. */
  passed?: ReadonlySet<number>;
  /** What is drawn over each. */
  over?: Over["input"];
}

/** The model inputs, pixel by pixel, with the grid of their image tokens; on a crop the boxes that were cut from it. */
export function Crops({ inputs, passed, over }: Props) {
  const gave = inputs.map(({ call }) => call);
  const places = zoomPlaces(
    gave.filter((call) => call !== null),
    gave,
  );
  const ofTask = gave.length - gave.filter((call) => call !== null).length;
  return (
    <div class="crops">
      {inputs.map((picture) => {
        const { index, pixels, zoom, tokensAcross, tokensDown, widthPx, heightPx, call } = picture;
        const name = zoom === 0 ? "model input" : `crop ${zoom}, model input`;
        const later = passed && !passed.has(index);
        const within = call && !call.replaced ? (call.imageIndex ?? 0) : 0;
        const from = within >= ofTask ? ` · cut from crop ${within - ofTask + 1}` : "";
        const cut = zoom === 0 ? [] : places.filter(({ imageIndex }) => imageIndex === index);
        return (
          <figure key={index} class={`${zoomClass(zoom)} ${later ? "later" : ""}`}>
            <div class="seen" style={{ "--across": tokensAcross, "--down": tokensDown }}>
              <PixelsCanvas
                pixels={pixels}
                label={
                  cut.length === 0 ? name : `${name}; crop ${cut.map(({ number }) => number).join(", ")} is cut from it`
                }
              />
              {cut.map((place) => (
                <CutBox
                  key={place.number}
                  place={place}
                  box={place.box}
                  picture={{ width: widthPx, height: heightPx }}
                />
              ))}
              {over?.(picture)}
            </div>
            <figcaption>
              {name} · {sizeText(picture)} · {tokensAcross} × {tokensDown} tokens
              {from}
              {later && " · after the cursor"}
            </figcaption>
          </figure>
        );
      })}
    </div>
  );
}
