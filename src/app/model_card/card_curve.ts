/** A curve of a card: a name and values by step. */
export interface CardLine {
  label: string;
  colour: string;
  dash: string;
  points: readonly (readonly [step: number, value: number])[];
}

const widthPx = 640;
const heightPx = 240;
const left = 44;
const right = 150;
const top = 16;
const bottom = 34;
/** More could not be told apart. */
const mostPoints = 400;

/** Shares over steps as a picture without script: black on white, names beside their lines. */
export function curveSvg(lines: readonly CardLine[], steps: number): string {
  const last = Math.max(1, steps);
  const x = (step: number): number => left + ((widthPx - left - right) * step) / last;
  const y = (value: number): number => top + (heightPx - top - bottom) * (1 - Math.min(1, Math.max(0, value)));
  const drawn = lines.filter(({ points }) => points.length > 0);
  // Names that would lie over each other are moved apart.
  const names = drawn.map((line) => ({ line, at: y(line.points.at(-1)![1]) })).sort((a, b) => a.at - b.at);
  names.forEach((name, i) => {
    if (i > 0) name.at = Math.max(name.at, names[i - 1]!.at + 15);
  });
  const grid = [0, 0.5, 1].map(
    (value) =>
      `<line x1="${left}" x2="${widthPx - right}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/><text x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${value}</text>`,
  );
  const paths = drawn.map(
    ({ points, colour, dash }) =>
      `<polyline fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}" points="${thinned(points)
        .map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`)
        .join(" ")}"/>`,
  );
  const texts = names.map(
    ({ line, at }) =>
      `<text x="${widthPx - right + 6}" y="${(at + 4).toFixed(1)}" fill="${line.colour}">${line.label}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${widthPx} ${heightPx}" width="${widthPx}" height="${heightPx}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${drawn.map(({ label }) => label).join(", ")} over ${steps} steps">
<rect width="100%" height="100%" fill="#fff"/>
${grid.join("\n")}
${paths.join("\n")}
${texts.join("\n")}
<text x="${left}" y="${heightPx - 10}">0</text><text x="${widthPx - right}" y="${heightPx - 10}" text-anchor="end">step ${steps}</text>
</svg>
`;
}

function thinned(points: CardLine["points"]): CardLine["points"] {
  if (points.length <= mostPoints) return points;
  const apart = (points.length - 1) / (mostPoints - 1);
  return Array.from({ length: mostPoints }, (_, i) => points[Math.round(i * apart)]!);
}
