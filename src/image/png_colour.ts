export type ColourType = "gray" | "rgb" | "palette" | "gray-alpha" | "rgba";

/** A PNG's samples as stored, and what its chunks say about them. */
export interface PngSamples {
  colour: ColourType;
  /** Bits of a sample. */
  depth: number;
  /** (height, width, channels) */
  samples: Uint8Array | Uint16Array;
  /** PLTE: red, green, blue of each entry. */
  palette?: Uint8Array;
  /** tRNS: alpha of the palette's entries, or one colour of 16-bit samples that is transparent. */
  transparency?: Uint8Array;
}

/** Levels as Pillow gives them, its habits included: 16-bit gray is clipped at 255, other 16-bit samples keep their high byte. */
export function pngToRgb(picture: PngSamples): { rgb: Uint8Array; alpha?: Uint8Array; isRgba: boolean } {
  const { colour, depth } = picture;
  switch (colour) {
    case "gray":
      return { ...gray(picture), isRgba: false };
    case "rgb":
      return { ...trueColour(picture), isRgba: false };
    case "palette":
      return { ...indexed(picture), isRgba: false };
    case "gray-alpha":
      // Pillow has no 16-bit gray with alpha; it reads one as RGBA.
      return { ...withAlpha(picture, 1), isRgba: depth === 16 };
    case "rgba":
      return { ...withAlpha(picture, 3), isRgba: true };
  }
}

function gray({ samples, depth, transparency }: PngSamples) {
  const scale = depth < 8 ? 255 / ((1 << depth) - 1) : 1;
  const rgb = new Uint8Array(samples.length * 3);
  for (let i = 0; i < samples.length; i++) rgb.fill(Math.min(255, samples[i]! * scale), i * 3, i * 3 + 3);
  if (!transparency || transparency.length < 2) return { rgb };
  const written = (transparency[0]! << 8) | transparency[1]!;
  // Pillow compares the level with the low byte of the number in the file: right for 8 bits and, by a rule of its
  // own, for 1; with other depths some other level may become transparent, as there.
  const clear = depth === 1 ? (written ? 255 : 0) : written & 255;
  return { rgb, alpha: Uint8Array.from(samples, (_, i) => (rgb[i * 3] === clear ? 0 : 255)) };
}

function trueColour({ samples, depth, transparency }: PngSamples) {
  const rgb = new Uint8Array(samples.length);
  const shift = depth - 8;
  for (let i = 0; i < samples.length; i++) rgb[i] = samples[i]! >> shift;
  if (!transparency || transparency.length < 6) return { rgb };
  const [red, green, blue] = [0, 2, 4].map((at) => transparency[at + 1]!);
  const alpha = new Uint8Array(samples.length / 3);
  for (let i = 0; i < alpha.length; i++)
    alpha[i] = rgb[i * 3] === red && rgb[i * 3 + 1] === green && rgb[i * 3 + 2] === blue ? 0 : 255;
  return { rgb, alpha };
}

function indexed({ samples, palette, transparency }: PngSamples) {
  const rgb = new Uint8Array(samples.length * 3);
  for (let i = 0; i < samples.length; i++)
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = palette![samples[i]! * 3 + c] ?? 0;
  if (!transparency) return { rgb };
  return { rgb, alpha: Uint8Array.from(samples, (index) => transparency[index] ?? 255) };
}

function withAlpha({ samples, depth }: PngSamples, colours: 1 | 3) {
  const shift = depth - 8;
  const pixels = samples.length / (colours + 1);
  const rgb = new Uint8Array(pixels * 3);
  const alpha = new Uint8Array(pixels);
  for (let i = 0, from = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = samples[from + (colours === 1 ? 0 : c)]! >> shift;
    from += colours;
    alpha[i] = samples[from++]! >> shift;
  }
  return { rgb, alpha };
}
