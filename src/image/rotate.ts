import type { Pixels } from "./pixels.ts";

/**
 * The picture turned anticlockwise about its centre, as Pillow's `Image.rotate(degrees)`: same size, nearest pixel in
 * 16.16 fixed point, what is uncovered black.
 */
export function rotate({ width, height, data }: Pixels, degrees: number): Pixels {
  const turned = new Uint8Array(data.length);
  const angle = ((degrees % 360) + 360) % 360;
  const radians = (-angle * Math.PI) / 180;
  // Pillow rounds so, that right angles are exact.
  const round = (value: number) => Math.round(value * 1e15) / 1e15;
  const [cosine, sine] = [round(Math.cos(radians)), round(Math.sin(radians))];
  const [centreX, centreY] = [width / 2, height / 2];
  const fixed = (value: number) => Math.floor(value * 65_536 + 0.5);
  const xOfX = fixed(cosine);
  const xOfY = fixed(sine);
  const yOfX = fixed(-sine);
  const yOfY = fixed(cosine);
  const shiftX = centreX - cosine * centreX - sine * centreY;
  const shiftY = centreY + sine * centreX - cosine * centreY;
  const startX = fixed(shiftX + cosine / 2 + sine / 2);
  const startY = fixed(shiftY - sine / 2 + cosine / 2);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const fromX = Math.floor((startX + x * xOfX + y * xOfY) / 65_536);
      const fromY = Math.floor((startY + x * yOfX + y * yOfY) / 65_536);
      if (fromX < 0 || fromX >= width || fromY < 0 || fromY >= height) continue;
      const from = (fromY * width + fromX) * 3;
      turned.set(data.subarray(from, from + 3), (y * width + x) * 3);
    }
  return { width, height, data: turned };
}
