/** What the samples of a JPEG mean. */
export type JpegColours = "gray" | "rgb" | "ycc" | "cmyk" | "ycck";

/** libjpeg's conversion from Y, Cb, Cr in 16 bits behind the point. */
const fix = (x: number) => Math.floor(x * 65536 + 0.5);
const half = 1 << 15;
const chroma = <T extends Int32Array>(into: T, of: (x: number) => number): T => into.map((_, i) => of(i - 128)) as T;
const redOfCr = chroma(new Int32Array(256), (x) => (fix(1.402) * x + half) >> 16);
const blueOfCb = chroma(new Int32Array(256), (x) => (fix(1.772) * x + half) >> 16);
const greenOfCr = chroma(new Int32Array(256), (x) => -fix(0.71414) * x);
const greenOfCb = chroma(new Int32Array(256), (x) => -fix(0.34414) * x + half);

const clip = (level: number) => Math.min(255, Math.max(0, level));

/**
 * Writes one row of the picture.
 * @param rows one per colour, `width` levels each
 * @param rgb  (height, width, 3)
 * @param to   where the row begins in it
 */
export function putRow(rows: readonly Uint8Array[], colours: JpegColours, rgb: Uint8Array, to: number): void {
  const [first, second, third, fourth] = rows as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  if (colours === "gray") {
    for (let i = 0; i < first.length; i++, to += 3) {
      const level = first[i]!;
      rgb[to] = level;
      rgb[to + 1] = level;
      rgb[to + 2] = level;
    }
    return;
  }
  if (colours === "ycc") {
    // Clips what is written to it, faster than comparing would.
    const clipped = new Uint8ClampedArray(rgb.buffer, rgb.byteOffset, rgb.length);
    for (let i = 0; i < first.length; i++, to += 3) {
      const luma = first[i]!;
      const cb = second[i]!;
      const cr = third[i]!;
      clipped[to] = luma + redOfCr[cr]!;
      clipped[to + 1] = luma + ((greenOfCb[cb]! + greenOfCr[cr]!) >> 16);
      clipped[to + 2] = luma + blueOfCb[cb]!;
    }
    return;
  }
  for (let i = 0; i < first.length; i++, to += 3) {
    let red = first[i]!;
    let green: number;
    let blue: number;
    if (colours === "rgb" || colours === "cmyk") {
      green = second[i]!;
      blue = third[i]!;
    } else {
      const cb = second[i]!;
      const cr = third[i]!;
      green = clip(red + ((greenOfCb[cb]! + greenOfCr[cr]!) >> 16));
      blue = clip(red + blueOfCb[cb]!);
      red = clip(red + redOfCr[cr]!);
    }
    if (colours === "cmyk" || colours === "ycck") {
      // Pillow takes every four-colour JPEG for Adobe's, whose inks are stored inverted, and drops the black from
      // the colours: 255 - k - c (255 - k) / 255. YCC stands for inks already inverted.
      const light = fourth[i]!;
      const ink = (stored: number) => {
        const sum = (colours === "cmyk" ? 255 - stored : stored) * light + 128;
        return clip(light - (((sum >> 8) + sum) >> 8));
      };
      red = ink(red);
      green = ink(green);
      blue = ink(blue);
    }
    rgb[to] = red;
    rgb[to + 1] = green;
    rgb[to + 2] = blue;
  }
}
