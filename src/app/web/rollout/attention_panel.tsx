import { useEffect, useId, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { figure } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { type AttentionChoice, chosenAttention, type PictureAttention, strongest } from "./attention_choice.ts";
import { openPanel } from "./open_panel.ts";
import type { StepContext } from "./step_context.ts";
import { useAttention } from "./use_attention.ts";

/** Where the row that a token was read from looks, on the pictures before it. */
export function AttentionPanel({ step }: { step: StepContext }) {
  const { store } = usePage();
  const { found, line } = useAttention(step);
  const choice = store.attentionChoice.value;
  const pictures = useMemo(() => found && chosenAttention(found, choice), [found, choice]);
  const { over } = step;
  useEffect(() => {
    const most = Math.max(0, ...(pictures ?? []).map((picture) => strongest(picture)?.weight ?? 0));
    const shade = (index: number) => {
      const picture = pictures?.[index];
      return picture && most > 0 ? <Shade picture={picture} most={most} /> : null;
    };
    over.value = pictures && { original: () => shade(0), input: ({ index }) => shade(index) };
    return () => {
      over.value = null;
    };
  }, [pictures, over]);
  return (
    <>
      <Choices layers={found?.layers ?? 0} heads={found?.heads ?? 0} />
      {line !== null && <p class="soft small">{line}</p>}
      {found && !pictures && (
        <p class="soft small">No attention rollout: the queries and keys of all layers take more than 512 MiB here.</p>
      )}
      {pictures && <Shares pictures={pictures} inputs={step.inputs} />}
      <p class="soft small">
        Attention from the position that predicts this token to the image patches; lighter means more. Attention does
        not prove cause: it may rest on patches without information, and later layers may undo it. What the answer
        depends on is measured under{" "}
        <button type="button" class="link" onClick={() => openPanel(store, "worth")}>
          What the crop was worth
        </button>
        , by changing the picture.
      </p>
    </>
  );
}

/** Which layer and head: sliders, so that arrow keys go through them. */
function Choices({ layers, heads }: { layers: number; heads: number }) {
  const { store } = usePage();
  const id = useId();
  const choice = store.attentionChoice.value;
  const choose = (changes: Partial<AttentionChoice>): void => {
    store.attentionChoice.value = { ...store.attentionChoice.peek(), ...changes };
  };
  const named = (thing: string, chosen: number, count: number): string =>
    chosen === 0 ? `all ${thing}s` : `${thing} ${Math.min(chosen, count || chosen)}${count > 0 ? ` of ${count}` : ""}`;
  return (
    <div class="attention-choices" data-keys>
      {(["layer", "head"] as const).map((thing) => {
        const count = thing === "layer" ? layers : heads;
        return (
          <div class="factor" key={thing}>
            <label for={`${id}-${thing}`}>{thing}</label>
            <input
              id={`${id}-${thing}`}
              type="range"
              min={0}
              max={count}
              step={1}
              value={Math.min(choice[thing], count)}
              disabled={choice.rolled || count === 0}
              aria-valuetext={named(thing, choice[thing], count)}
              onInput={(event) => choose({ [thing]: event.currentTarget.valueAsNumber })}
            />
            <output for={`${id}-${thing}`}>{choice.rolled ? "–" : named(thing, choice[thing], count)}</output>
          </div>
        );
      })}
      <label>
        <input
          type="checkbox"
          checked={choice.rolled}
          onChange={(event) => choose({ rolled: event.currentTarget.checked })}
        />{" "}
        attention rollout (all layers multiplied)
      </label>
    </div>
  );
}

/** How much of it is on each picture, and where it is strongest. */
function Shares({ pictures, inputs }: { pictures: readonly PictureAttention[]; inputs: StepContext["inputs"] }) {
  const text = 1 - pictures.reduce((sum, { share }) => sum + share, 0);
  return (
    <table class="kv even shares" aria-label="Attention by picture">
      <tbody>
        {pictures.map((picture, i) => {
          const place = strongest(picture);
          return (
            <tr key={i}>
              <td>{nameOf(i, inputs)}</td>
              <td>
                {percent(picture.share)}
                {place && ` · most at row ${place.row}, column ${place.column}: ${percent(place.weight)}`}
              </td>
            </tr>
          );
        })}
        <tr>
          <td>text</td>
          <td>{percent(Math.max(0, text))}</td>
        </tr>
      </tbody>
    </table>
  );
}

/** As the pictures are called beside the transcript. */
function nameOf(index: number, inputs: StepContext["inputs"]): string {
  const zoom = inputs[index]?.zoom ?? 0;
  return zoom > 0 ? `crop ${zoom}` : `picture ${index + 1}`;
}

const percent = (share: number): string => `${figure(100 * share)} %`;

/** How dark a place is that is not looked at. */
const mostAlpha = 0.72;

/** Shade over a picture, a pixel for each image token: what is looked at stays light. @param most  what has no shade */
function Shade({ picture: { across, down, weights }, most }: { picture: PictureAttention; most: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const image = new ImageData(across, down);
    for (const [m, weight] of weights.entries()) image.data[4 * m + 3] = 255 * mostAlpha * (1 - weight / most);
    canvas.current?.getContext("2d")?.putImageData(image, 0, 0);
  }, [across, down, weights, most]);
  // What it shows stands in the panel in words.
  return (
    <div class="attention" aria-hidden="true">
      <canvas ref={canvas} width={across} height={down} />
    </div>
  );
}
