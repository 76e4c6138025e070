import type { Box, Pixels } from "../../src/image/pixels.ts";

/** A small seeded generator (mulberry32): numbers in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const colours: Record<string, [number, number, number]> = {
  red: [230, 50, 50],
  green: [50, 200, 70],
  blue: [70, 110, 250],
  yellow: [245, 220, 50],
  magenta: [225, 70, 220],
  cyan: [60, 215, 225],
  orange: [250, 145, 40],
  white: [250, 250, 250],
};
export const shapes = ["circle", "square", "triangle", "diamond"] as const;

export interface FakeObject {
  colour: string;
  shape: (typeof shapes)[number];
  digit: string;
  box: Box;
}

const side = 512;
const font: Record<string, string> = {
  "0": "01110 10001 10011 10101 11001 10001 01110",
  "1": "00100 01100 00100 00100 00100 00100 01110",
  "2": "01110 10001 00001 00010 00100 01000 11111",
  "3": "11111 00010 00100 00010 00001 10001 01110",
  "4": "00010 00110 01010 10010 11111 00010 00010",
  "5": "11111 10000 11110 00001 00001 10001 01110",
  "6": "00110 01000 10000 11110 10001 10001 01110",
  "7": "11111 00001 00010 00100 01000 01000 01000",
  "8": "01110 10001 10001 01110 10001 10001 01110",
  "9": "01110 10001 10001 01111 00001 00010 01100",
};

/** Where the objects of a scene stand; the first is the one that is asked for. */
export function fakeObjects(seed: number, count: number): FakeObject[] {
  const random = randomFrom(seed);
  const names = Object.keys(colours);
  for (let i = names.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [names[i], names[j]] = [names[j]!, names[i]!];
  }
  return Array.from({ length: count }, (_, i) => {
    const cell = side / 3;
    const at = (i * 4 + 1) % 9;
    const size = 48 + Math.floor(random() * 16);
    const left = Math.floor((at % 3) * cell + random() * (cell - size));
    const top = Math.floor(Math.floor(at / 3) * cell + random() * (cell - size));
    return {
      colour: names[i % names.length]!,
      shape: shapes[Math.floor(random() * 4)]!,
      digit: String(Math.floor(random() * 10)),
      box: [left, top, left + size, top + size],
    };
  });
}

/** The picture of a scene: grey waves, shapes, a small digit on each. */
export function fakeScene(seed: number, count: number): Pixels {
  const random = randomFrom(seed + 1);
  const data = new Uint8Array(side * side * 3);
  const [a, b, c] = [random() * 0.05, random() * 0.05, 85 + random() * 30];
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i += 3) {
      const grey = c + 14 * Math.sin(a * x + b * y) + 10 * Math.sin(0.04 * (x - y)) + random() * 14;
      data[i] = grey;
      data[i + 1] = grey + 4;
      data[i + 2] = grey - 3;
    }
  }
  const paint = (x: number, y: number, colour: readonly number[]): void => {
    data.set(colour as number[], (y * side + x) * 3);
  };
  for (const { colour, shape, digit, box } of fakeObjects(seed, count)) {
    const [left, top, right, bottom] = box;
    const half = (right - left) / 2;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const [dx, dy] = [(x - left) / half - 1, (y - top) / half - 1];
        const inside =
          shape === "square" ||
          (shape === "circle"
            ? dx * dx + dy * dy < 1
            : shape === "diamond"
              ? Math.abs(dx) + Math.abs(dy) < 1
              : Math.abs(dx) < (dy + 1) / 2);
        if (inside) paint(x, y, colours[colour]!);
      }
    }
    const rows = font[digit]!.split(" ");
    for (let r = 0; r < 21; r++) {
      for (let k = 0; k < 15; k++) {
        if (rows[Math.floor(r / 3)]![Math.floor(k / 3)] === "1")
          paint(left + Math.floor(half) - 7 + k, top + Math.floor(half) - 6 + r, [20, 20, 20]);
      }
    }
  }
  return { width: side, height: side, data };
}
