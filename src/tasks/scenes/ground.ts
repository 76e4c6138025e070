import type { Random } from "../random.ts";
import type { Levels, Scene } from "./scene.ts";

/** What a scene's objects lie on. Waves and bars alone: a device renders them all by the same code. */
export const grounds = {
  plain: plain,
  clouds: clouds,
  bricks: bricks,
  rubble: rubble,
  stripes: stripes,
} as const;
export type GroundName = keyof typeof grounds;

export type Ground = Pick<Scene, "base" | "waves" | "bars">;

const nearGrey = (random: Random, grey: number, spread: number): Levels => [
  grey + random.uniform(-spread, spread),
  grey + random.uniform(-spread, spread),
  grey + random.uniform(-spread, spread),
];

/** Grey with slow waves and ten grey bars. Lengths are those of a scene of 512 px, and grow with it. */
function plain(random: Random, sidePx: number): Ground {
  const scale = sidePx / 512;
  const base = nearGrey(random, random.uniform(70, 130), 8);
  const waves = Array.from({ length: 4 }, () => ({
    cyclesX: random.uniform(-6, 6),
    cyclesY: random.uniform(-6, 6),
    phase: random.uniform(0, 2 * Math.PI),
    amplitude: random.uniform(4, 14),
  }));
  const bars = Array.from({ length: 10 }, () => ({
    xPx: scale * random.uniform(0, 480),
    yPx: scale * random.uniform(0, 480),
    widthPx: scale * random.uniform(4, 30),
    heightPx: scale * random.uniform(4, 30),
    levels: nearGrey(random, random.uniform(30, 190), 12),
  }));
  return { base, waves, bars };
}

/** Waves whose amplitudes fall with their frequency, as those of photographs do (1 / f), on a tinted base. */
function clouds(random: Random): Ground {
  const waves = Array.from({ length: 24 }, (_, i) => {
    const cycles = 0.7 * 1.17 ** i;
    const angle = random.uniform(0, 2 * Math.PI);
    return {
      cyclesX: cycles * Math.cos(angle),
      cyclesY: cycles * Math.sin(angle),
      phase: random.uniform(0, 2 * Math.PI),
      amplitude: Math.min(16, 20 / cycles ** 0.9) * random.uniform(0.5, 1),
    };
  });
  return { base: nearGrey(random, random.uniform(80, 140), 30), waves, bars: [] };
}

/** Rows of bricks of slightly different levels, every other row moved by half a brick, with joints between them. */
function bricks(random: Random, sidePx: number): Ground {
  const rows = 8 + random.below(5);
  const heightPx = sidePx / rows;
  const widthPx = heightPx * random.uniform(1.6, 2.4);
  const jointPx = heightPx * 0.1;
  const tint = nearGrey(random, random.uniform(80, 125), 35);
  const bars: Scene["bars"] = [];
  for (let row = 0; row < rows; row++)
    for (let xPx = row % 2 === 0 ? 0 : -widthPx / 2; xPx < sidePx; xPx += widthPx) {
      const lighter = random.uniform(-18, 18);
      const leftPx = Math.max(0, xPx);
      bars.push({
        xPx: leftPx,
        yPx: row * heightPx,
        widthPx: Math.min(sidePx, xPx + widthPx - jointPx) - leftPx,
        heightPx: heightPx - jointPx,
        levels: [tint[0] + lighter, tint[1] + lighter, tint[2] + lighter],
      });
    }
  return { base: nearGrey(random, random.uniform(120, 165), 8), waves: plain(random, sidePx).waves, bars };
}

/** Many muted bars of all sizes, one over the other. */
function rubble(random: Random, sidePx: number): Ground {
  const { base, waves } = plain(random, sidePx);
  const bars = Array.from({ length: 90 }, () => {
    const size = sidePx * 0.01 * 12 ** random.uniform();
    return {
      xPx: sidePx * random.uniform(-0.02, 0.98),
      yPx: sidePx * random.uniform(-0.02, 0.98),
      widthPx: size * random.uniform(0.6, 1.7),
      heightPx: size * random.uniform(0.6, 1.7),
      levels: nearGrey(random, random.uniform(40, 170), 32),
    };
  });
  return { base, waves, bars };
}

/** Strong waves of one direction, like a fabric. */
function stripes(random: Random): Ground {
  const angle = random.uniform(0, Math.PI);
  const waves = Array.from({ length: 6 }, (_, i) => {
    const cycles = (i + 1) * random.uniform(5, 7);
    const across = i % 3 === 2 ? angle + Math.PI / 2 : angle + random.uniform(-0.08, 0.08);
    return {
      cyclesX: cycles * Math.cos(across),
      cyclesY: cycles * Math.sin(across),
      phase: random.uniform(0, 2 * Math.PI),
      amplitude: random.uniform(8, 20) / (1 + i / 3),
    };
  });
  return { base: nearGrey(random, random.uniform(80, 130), 25), waves, bars: [] };
}
