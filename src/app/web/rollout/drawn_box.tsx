import type { Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Box, Pixels } from "../../../image/pixels.ts";
import { moved, resized, spanned } from "./box_moves.ts";

interface Props {
  picture: Pick<Pixels, "width" | "height">;
  /** In pixels of the picture. A signal: keys may come faster than the page renders. */
  box: Signal<Box>;
}

/** A key moves or resizes by so much of the picture's longer side. */
const keyShare = 1 / 64;

/** What the pointer does while it is down. */
type Dragging =
  | { kind: "draw"; from: [x: number, y: number] }
  | { kind: "move"; from: [x: number, y: number]; box: Box };

/** A box that is drawn, moved and resized on a picture, by pointer and by keys. */
export function DrawnBox({ picture, box }: Props) {
  const dragging = useRef<Dragging | null>(null);
  const area = useRef<HTMLDivElement>(null);
  const { width, height } = picture;
  const at = (event: PointerEvent): [number, number] => {
    const { left, top, width: w, height: h } = area.current!.getBoundingClientRect();
    const inside = (value: number, most: number) => Math.min(most, Math.max(0, Math.round(value)));
    return [inside(((event.clientX - left) / w) * width, width), inside(((event.clientY - top) / h) * height, height)];
  };
  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    event.preventDefault();
    area.current?.querySelector<HTMLElement>(".drawn")?.focus();
    area.current?.setPointerCapture(event.pointerId);
    const from = at(event);
    const [left, top, right, bottom] = box.peek();
    const isInside = from[0] >= left && from[0] <= right && from[1] >= top && from[1] <= bottom;
    dragging.current = isInside ? { kind: "move", from, box: box.peek() } : { kind: "draw", from };
  };
  const onMove = (event: PointerEvent): void => {
    const drag = dragging.current;
    if (!drag) return;
    const [x, y] = at(event);
    box.value =
      drag.kind === "move"
        ? moved(drag.box, x - drag.from[0], y - drag.from[1], picture)
        : spanned(drag.from, [x, y], picture);
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = Math.max(1, Math.round(Math.max(width, height) * keyShare));
    const [x, y] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[
      event.key
    ] ?? [0, 0];
    if ((x === 0 && y === 0) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    box.value = (event.shiftKey ? resized : moved)(box.peek(), x!, y!, picture);
  };
  const [left, top, right, bottom] = box.value;
  const share = (value: number, side: number) => `${(value / side) * 100}%`;
  return (
    <div
      ref={area}
      class="drawarea"
      onPointerDown={onDown}
      onPointerMove={onMove}
      onPointerUp={() => {
        dragging.current = null;
      }}
    >
      <div
        class="drawn"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes keys, as the role says
        tabIndex={0}
        data-keys
        aria-roledescription="box"
        aria-label={`Box: left ${left}, top ${top}, right ${right}, bottom ${bottom} pixels. Arrow keys move it, with Shift they resize it`}
        onKeyDown={onKey}
        style={{
          left: share(left, width),
          top: share(top, height),
          width: share(right - left, width),
          height: share(bottom - top, height),
        }}
      >
        <b aria-hidden="true" class={left + right >= width ? "left" : ""}>
          {left}, {top} · {right - left} × {bottom - top}
        </b>
      </div>
    </div>
  );
}
