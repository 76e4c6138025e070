import type { Word } from "../labels/glossary.ts";
import { hundredths } from "../labels/numbers.ts";
import { Term } from "../widgets/term.tsx";

interface Props {
  /** A value for each step, 0 to 1. */
  accuracy: readonly number[];
  zoomRate: readonly number[];
  /** How far they are drawn. */
  step: number;
}

/** The two curves that say whether it learned, as far as they have been played. */
export function IntroCurves({ accuracy, zoomRate, step }: Props) {
  return (
    <div class="intro-curves">
      <Curve word="accuracy" colour="--answer" values={accuracy} step={step} />
      <Curve word="zoomRate" colour="--tool" values={zoomRate} step={step} />
    </div>
  );
}

/** Units of the drawing, which is stretched to its place. */
const width = 100;
const height = 50;

function Curve({
  word,
  colour,
  values,
  step,
}: {
  word: Word;
  colour: string;
  values: readonly number[];
  step: number;
}) {
  const points = values
    .slice(0, step)
    .map((value, i) => `${((i / (values.length - 1)) * width).toFixed(1)},${((1 - value) * height).toFixed(1)}`);
  const now = values[step - 1] ?? 0;
  return (
    <div class="intro-curve">
      <p>
        <Term of={word} /> <b class="num">{hundredths(now)}</b>
      </p>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        <path class="grid-line" d={`M0 0H${width}M0 ${height / 2}H${width}M0 ${height}H${width}`} />
        <polyline points={points.join(" ")} style={{ stroke: `var(${colour})` }} />
      </svg>
      <p class="axis small soft" aria-hidden="true">
        <span>step 1</span>
        <span>{values.length}</span>
      </p>
    </div>
  );
}
