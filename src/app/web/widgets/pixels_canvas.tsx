import { useLayoutEffect, useRef } from "preact/hooks";
import type { Pixels } from "../../../image/pixels.ts";

/** A picture at its own size; the style sheet says how large it shows. Without a label it is decoration. */
export function PixelsCanvas({ pixels, label }: { pixels: Pixels; label?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  // Before the browser paints: boxes of one picture must never stand on another
  useLayoutEffect(() => {
    const { width, height, data } = pixels;
    const image = new ImageData(width, height);
    for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
      image.data[to] = data[from]!;
      image.data[to + 1] = data[from + 1]!;
      image.data[to + 2] = data[from + 2]!;
      image.data[to + 3] = 255;
    }
    canvas.current!.getContext("2d")!.putImageData(image, 0, 0);
  }, [pixels]);
  const name = label ? { role: "img" as const, "aria-label": label } : { "aria-hidden": true };
  return <canvas ref={canvas} width={pixels.width} height={pixels.height} {...name} />;
}
