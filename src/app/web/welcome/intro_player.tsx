import { useEffect, useMemo, useState } from "preact/hooks";
import type { Box } from "../../../image/pixels.ts";
import { hundredths } from "../labels/numbers.ts";
import { verdicts } from "../labels/verdict.ts";
import { OutcomeLegend } from "../widgets/outcome_legend.tsx";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import { PauseIcon, PlayIcon } from "../widgets/play_icons.tsx";
import { Question, Term } from "../widgets/term.tsx";
import { IntroCurves } from "./intro_curves.tsx";
import {
  type Attempt,
  fetchIntro,
  type IntroRun,
  introPictures,
  placeAt,
  playMs,
  type ShownStep,
} from "./intro_run.ts";

const frameMs = 50;
const wantsRest = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A recorded run, small and silent: the curves grow, and of some steps a group of attempts is shown. */
export function IntroPlayer() {
  const [run, setRun] = useState<IntroRun | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    fetchIntro().then(setRun, (error: Error) => setProblem(error.message));
  }, []);
  if (problem !== null) return <p class="soft small">{problem}.</p>;
  return run && <Playing run={run} />;
}

function Playing({ run }: { run: IntroRun }) {
  const whole = playMs(run);
  // Who wants no motion sees the end.
  const [ms, setMs] = useState(() => (wantsRest() ? whole : 0));
  const [moves, setMoves] = useState(() => !wantsRest());
  useEffect(() => {
    if (!moves) return;
    const timer = setInterval(() => {
      if (!document.hidden) setMs((at) => (at + frameMs) % whole);
    }, frameMs);
    return () => clearInterval(timer);
  }, [moves, whole]);
  const { step, index } = placeAt(ms, run);
  const shown = run.shown[index]!;
  return (
    <>
      <Group shown={shown} run={run} />
      <div class="intro-numbers">
        <IntroCurves accuracy={run.accuracy} zoomRate={run.zoomRate} step={step} />
        <Attempts shown={shown} />
      </div>
      <p class="intro-foot small soft">
        <button
          type="button"
          class="icon"
          aria-label={moves ? "Hold the recording" : "Play the recording"}
          onClick={() => {
            if (!moves && ms >= whole) setMs(0);
            setMoves(!moves);
          }}
        >
          {moves ? <PauseIcon /> : <PlayIcon />}
        </button>
        <span>
          Recorded on an NVIDIA H100, preset <Term of="needle" />: {run.accuracy.length} <Term of="step">steps</Term> in{" "}
          {run.seconds} s. Its <Term of="warmup" /> has taught the model to write an answer and a call; from then on it
          is told only what each attempt was worth.
        </span>
      </p>
    </>
  );
}

/** The picture with where the attempts looked, and what the model got of it. */
function Group({ shown, run }: { shown: ShownStep; run: IntroRun }) {
  const pictures = useMemo(() => introPictures(shown, run.scene), [shown, run]);
  const { original, seen, crop } = pictures;
  const attempt = shown.attempts[shown.chosen]!;
  const share = (px: number): string => `${(100 * px) / original.width}%`;
  const place = ([left, top, right, bottom]: Box) => ({
    left: share(left),
    top: share(top),
    width: share(right - left),
    height: share(bottom - top),
  });
  return (
    <figure class="intro-group">
      <div class="stage">
        <PixelsCanvas pixels={original} label={`A scene. ${shown.question} ${sentence(attempt, shown.answer)}.`} />
        {shown.attempts.map(
          ({ boxPx, outcome }, i) =>
            boxPx &&
            i !== shown.chosen && (
              <i
                key={i}
                class="intro-box"
                style={{ ...place(boxPx), "--c": `var(${verdicts[outcome].colour})` }}
                aria-hidden="true"
              />
            ),
        )}
        {attempt.boxPx && <i class="intro-box chosen" style={place(attempt.boxPx)} aria-hidden="true" />}
      </div>
      <div class="intro-seen">
        <div>
          <PixelsCanvas pixels={seen} />
          <p class="small soft">all it sees at first: 64 × 64</p>
        </div>
        <div class={crop ? "zoomed" : ""}>
          {crop ? <PixelsCanvas pixels={crop} /> : <div class="no-crop soft small">no zoom</div>}
          <p class="small soft">{crop ? "the crop that it asked for" : "it answers at once"}</p>
        </div>
      </div>
      <figcaption>
        <b>{shown.question}</b>
        <br />
        {sentence(attempt, shown.answer)}.{" "}
        {attempt.boxPx && <span class="soft small">Thick: its box. Thin: those of other attempts.</span>}
      </figcaption>
    </figure>
  );
}

function sentence({ boxPx, answer, outcome }: Attempt, expected: string): string {
  const did = boxPx ? "It zooms and" : "It";
  if (answer === null) return `${did} does not answer as it must`;
  return outcome === "wrong" ? `${did} says ${answer}: wrong, it is ${expected}` : `${did} says ${answer}: right`;
}

/** The group in a row, as groups are drawn everywhere on this page. */
function Attempts({ shown: { step, attempts, chosen } }: { shown: ShownStep }) {
  const mean = attempts.reduce((sum, { share }) => sum + share, 0) / attempts.length;
  return (
    <div class="intro-attempts">
      <p class="small">
        <b>Step {step}:</b> {attempts.length} attempts at this task are a <Term of="group">group</Term>
        <Question of="advantage" />
      </p>
      <div class="cells" aria-hidden="true">
        {attempts.map(({ outcome, share }, i) => {
          const { letter, colour } = verdicts[outcome];
          return (
            <span
              key={i}
              class="cell"
              data-chosen={i === chosen ? "" : undefined}
              style={{ "--v": Math.max(0.05, share), "--c": `var(${colour})` }}
            >
              <span>{letter}</span>
            </span>
          );
        })}
      </div>
      <p class="small soft">
        Those above the mean ({hundredths(mean)} of the most that is paid) become likelier, the others less likely.
      </p>
      <OutcomeLegend />
    </div>
  );
}
