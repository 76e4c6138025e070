import type { RunConfig } from "../../../train/knobs.ts";
import { count, shortened } from "../labels/numbers.ts";
import { knobText } from "../labels/run_differences.ts";
import { usePage } from "../run/page_context.ts";
import type { SettingsChange } from "../run/run_state.ts";
import type { Mark } from "../widgets/plot_lines.ts";
import { markColours } from "../widgets/plot_marks.ts";

const shapes: Record<Mark["kind"], { points: string; label: string }> = {
  settings: { points: "5,0 10,5 5,10 0,5", label: "settings changed" },
  evaluation: { points: "0,9 10,9 5,1", label: "evaluation on held-out tasks" },
  alarm: { points: "0,1 10,1 5,9", label: "alarm" },
};

/** What the marks in the plots mean, and what happened there. */
export function MarksLegend({ marks }: { marks: readonly Mark[] }) {
  const { store } = usePage();
  const kinds = (Object.keys(shapes) as Mark["kind"][]).filter((kind) => marks.some((mark) => mark.kind === kind));
  const { changes } = store.shown.value;
  const alarms = store.alarms.value;
  const legend = kinds.map((kind) => (
    <span key={kind}>
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
        <polygon points={shapes[kind].points} style={{ fill: `var(${markColours[kind]})` }} />
      </svg>{" "}
      {shapes[kind].label}
    </span>
  ));
  if (changes.length + alarms.length === 0) return <p class="marks soft small">{legend}</p>;
  const listed = [
    ...changes.map((change) => ({ step: change.step, text: changeText(change) })),
    ...alarms.map(({ step, message }) => ({ step, text: shortened(message, 400) })),
  ].sort((a, b) => a.step - b.step);
  return (
    <details class="marks small">
      <summary>
        <span class="soft">{legend}</span>
      </summary>
      <ul>
        {listed.map(({ step, text }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list only grows
          <li key={i}>
            <b class="num">step {count(step)}</b> {text}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** "learningRate 2e-4 → 1e-4". */
const changeText = ({ before, after }: SettingsChange): string =>
  (Object.keys(after) as (keyof RunConfig)[])
    .map((name) => `${knobText(before, name)} → ${knobText(after, name).slice(name.length + 1)}`)
    .join(", ");
