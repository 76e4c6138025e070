import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Rollout } from "../../../agent/rollout.ts";
import type { Box } from "../../../image/pixels.ts";
import type { Task } from "../../../tasks/task.ts";
import { usePage } from "../run/page_context.ts";
import type { Place } from "./branch_place.ts";
import { DrawnBox } from "./drawn_box.tsx";
import type { Over, StepContext } from "./step_context.ts";

const sides = ["left", "top", "right", "bottom"] as const;

/** The box in numbers, source pixels. What is typed is taken as it is: whoever gets it says what is wrong with it. */
export function BoxFields({ box }: { box: Signal<Box> }) {
  const { store } = usePage();
  return (
    <fieldset class="boxfields">
      <legend class="small">Box in pixels: type it, or draw it on the image</legend>
      {sides.map((side, i) => (
        <label key={side} class="small">
          {side}
          <input
            class="num"
            type="number"
            step={1}
            value={box.value[i]}
            onChange={(event) => {
              const typed = event.currentTarget.valueAsNumber;
              if (Number.isFinite(typed)) box.value = box.peek().with(i, Math.round(typed)) as Box;
              else event.currentTarget.value = String(box.peek()[i]);
            }}
          />
        </label>
      ))}
      {store.panels.value.attention && (
        <p class="soft small">The image shows attention now; fold the Attention card to draw on it.</p>
      )}
    </fieldset>
  );
}

/** A box that stands on the task's picture while it is wanted. It begins where the model looked. */
export function useDrawnBox(
  { chosen: { rollout, task }, over }: StepContext,
  place: Place | null,
  wanted: boolean,
): Signal<Box> {
  const box = useSignal<Box>(beginning(rollout, task, place));
  const drawn = useMemo((): Over => ({ original: (picture) => <DrawnBox picture={picture} box={box} /> }), [box]);
  // What another panel draws goes before, as long as that wants it.
  const isFree = over.value === null;
  useEffect(() => {
    if (wanted && isFree) over.value = drawn;
  }, [wanted, isFree, drawn, over]);
  useEffect(
    () => () => {
      if (over.peek() === drawn) over.value = null;
    },
    [wanted, drawn, over],
  );
  return box;
}

function beginning({ calls }: Rollout, { imageSizesPx: [size] }: Task, place: Place | null): Box {
  const looked = place?.call === null ? undefined : calls.find(({ boxSourcePx }) => boxSourcePx)?.boxSourcePx;
  if (looked) return looked.map(Math.round) as Box;
  const { width, height } = size ?? { width: 64, height: 64 };
  return [width * 0.375, height * 0.375, width * 0.625, height * 0.625].map(Math.round) as Box;
}
