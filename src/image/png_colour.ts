export type ColourType = "gray" | "rgb" | "palette" | "gray-alpha" | "rgba";

/** How a PNG's samples are read. */
export interface PngColours {
  colour: ColourType;
  /** Bits of a sample. */
  depth: number;
  /** PLTE: red, green, blue of each entry. */
  palette?: Uint8Array;
  /** tRNS: alpha of the palette's entries, or one colour of 16-bit samples that is transparent. */
  transparency?: Uint8Array;
}

/** A picture to be filled. */
export interface Levels {
  /** (height, width, 3) */
  rgb: Uint8Array;
  /** (height, width); where `hasAlpha` is true, and only there. */
  alpha?: Uint8Array;
}

/** Writes one row: `columns` pixels from their samples, the first to pixel `to`, each next one `step` further. */
export type PutRow = (samples: Uint8Array | Uint16Array, columns: number, to: number, step: number) => void;

/** Whether any pixel may be transparent. */
export function hasAlpha({ colour, transparency }: PngColours): boolean {
  if (colour === "gray-alpha" || colour === "rgba") return true;
  if (!transparency) return false;
  return colour === "palette" || transparency.length >= (colour === "gray" ? 2 : 6);
}

/** Pillow has no 16-bit gray with alpha; it reads one as RGBA. */
export const isRgba = ({ colour, depth }: PngColours): boolean =>
  colour === "rgba" || (colour === "gray-alpha" && depth === 16);

/** Levels as Pillow gives them, with its peculiarities: 16-bit gray is clipped at 255, of other 16-bit samples the high byte counts. */
export function rowWriter(colours: PngColours, into: Levels): PutRow {
  switch (colours.colour) {
    case "gray":
      return gray(colours, into);
    case "rgb":
      return trueColour(colours, into);
    case "palette":
      return indexed(colours, into);
    case "gray-alpha":
      return withAlpha(colours, into, 1);
    case "rgba":
      return withAlpha(colours, into, 3);
  }
}

function gray({ depth, transparency }: PngColours, { rgb, alpha }: Levels): PutRow {
  const scale = depth < 8 ? 255 / ((1 << depth) - 1) : 1;
  const [high = 0, low = 0] = transparency ?? [];
  const written = alpha ? (high << 8) | low : 0;
  // Pillow compares the level with the low byte of the number in the file: right for 8 bits and, by a rule of its
  // own, for 1; with other depths some other level may become transparent, as there.
  const clear = depth === 1 ? (written ? 255 : 0) : written & 255;
  return (samples, columns, to, step) => {
    for (let i = 0; i < columns; i++, to += step) {
      const level = Math.min(255, samples[i]! * scale);
      rgb[to * 3] = level;
      rgb[to * 3 + 1] = level;
      rgb[to * 3 + 2] = level;
      if (alpha) alpha[to] = level === clear ? 0 : 255;
    }
  };
}

function trueColour({ depth, transparency }: PngColours, { rgb, alpha }: Levels): PutRow {
  const shift = depth - 8;
  const [clearRed, clearGreen, clearBlue] = [0, 2, 4].map((at) => transparency?.[at + 1]);
  return (samples, columns, to, step) => {
    for (let i = 0, from = 0; i < columns; i++, to += step) {
      const red = samples[from++]! >> shift;
      const green = samples[from++]! >> shift;
      const blue = samples[from++]! >> shift;
      rgb[to * 3] = red;
      rgb[to * 3 + 1] = green;
      rgb[to * 3 + 2] = blue;
      if (alpha) alpha[to] = red === clearRed && green === clearGreen && blue === clearBlue ? 0 : 255;
    }
  };
}

function indexed({ palette, transparency }: PngColours, { rgb, alpha }: Levels): PutRow {
  return (samples, columns, to, step) => {
    for (let i = 0; i < columns; i++, to += step) {
      const entry = samples[i]! * 3;
      for (let c = 0; c < 3; c++) rgb[to * 3 + c] = palette![entry + c] ?? 0;
      if (alpha) alpha[to] = transparency![samples[i]!] ?? 255;
    }
  };
}

function withAlpha({ depth }: PngColours, { rgb, alpha }: Levels, colours: 1 | 3): PutRow {
  const shift = depth - 8;
  return (samples, columns, to, step) => {
    for (let i = 0, from = 0; i < columns; i++, to += step) {
      for (let c = 0; c < 3; c++) rgb[to * 3 + c] = samples[from + (colours === 1 ? 0 : c)]! >> shift;
      from += colours;
      alpha![to] = samples[from++]! >> shift;
    }
  };
}
