import { useId, useState } from "preact/hooks";
import { knobs, type RunConfig } from "../../../train/knobs.ts";
import { setting } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { KnobOrigin } from "./knob_origin.tsx";
import { Hint } from "./term.tsx";

/** A slider beside a number: a narrower range than the knob allows; "log" moves by factors. */
export interface Slider {
  min: number;
  max: number;
  step: number;
  scale?: "log";
}

interface Props {
  knob: keyof RunConfig;
  label?: string;
  /** CSS variable of the series that the knob pays for. */
  colour?: string;
  slider?: Slider;
  /** Adds the knob's line, when it applies, and where it comes from. */
  explain?: boolean;
  placeholder?: string;
  /** Labels of the choices, by name; a choice without one is shown by its name. */
  choiceLabels?: Readonly<Record<string, string>>;
}

/** One knob as a labelled field. A bad value is explained beside the field, and the old one stays in force. */
export function KnobField({
  knob: key,
  label = knobLabel(key),
  colour,
  slider,
  explain,
  placeholder,
  choiceLabels,
}: Props) {
  const { store, control } = usePage();
  const id = useId();
  const [problem, setProblem] = useState<string | null>(null);
  const [sliding, setSliding] = useState<number | null>(null);
  const knob = knobs[key];
  const value = store.config.value[key];
  const set = (typed: unknown): void => setProblem(control.setKnob(key, typed));
  const described = `${problem ? `${id}-problem ` : ""}${explain ? `${id}-line` : ""}`.trim() || undefined;
  const field = { id, "aria-describedby": described, "aria-invalid": problem ? true : undefined, title: knob.line };
  const shown = sliding ?? value;
  return (
    <div class="knob" data-part={key}>
      <div class={knob.kind === "text" ? "row wide" : "row"}>
        <span class="labelled">
          <label for={id}>
            {colour && <i class="swatch" style={{ background: `var(${colour})` }} aria-hidden="true" />}
            {label}
            {store.pending.value.includes(key) && <span class="tag">new run</span>}
          </label>
          {!explain && <Hint name={label} says={sentenceOf(knob)} />}
        </span>
        {knob.kind === "boolean" ? (
          <input
            {...field}
            type="checkbox"
            checked={value === true}
            onChange={(event) => set(event.currentTarget.checked)}
          />
        ) : knob.kind === "choice" ? (
          <select {...field} value={String(value)} onChange={(event) => set(event.currentTarget.value)}>
            {knob.choices.map((choice) => (
              <option key={choice} value={choice}>
                {choiceLabels?.[choice] ?? choice}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...field}
            class={knob.kind === "text" ? "text" : "num"}
            type="text"
            spellcheck={false}
            inputMode={knob.kind === "text" ? "text" : "decimal"}
            placeholder={placeholder}
            autocomplete="off"
            value={typeof shown === "number" ? setting(shown) : String(shown)}
            onChange={(event) => {
              set(event.currentTarget.value.trim());
              // The value in force, which a bad one has not replaced
              const kept = store.config.peek()[key];
              event.currentTarget.value = typeof kept === "number" ? setting(kept) : String(kept);
            }}
          />
        )}
      </div>
      {slider && typeof value === "number" && (
        <input
          type="range"
          aria-label={`${label}, slider`}
          aria-valuetext={typeof shown === "number" ? setting(shown) : undefined}
          min={toSlider(slider, slider.min)}
          max={toSlider(slider, slider.max)}
          step={slider.step}
          value={toSlider(slider, shown as number)}
          onInput={(event) => setSliding(fromSlider(slider, event.currentTarget.valueAsNumber))}
          onChange={(event) => {
            setSliding(null);
            set(fromSlider(slider, event.currentTarget.valueAsNumber));
          }}
        />
      )}
      {problem && (
        <p class="problem small" id={`${id}-problem`} role="alert">
          {problem}; {typeof value === "number" ? setting(value) : String(value)} is kept
        </p>
      )}
      {explain && (
        <p class="soft small" id={`${id}-line`}>
          {knob.line}
          {"unit" in knob && knob.unit ? ` (${knob.unit})` : ""} ·{" "}
          {knob.applies === "next step" ? "applies at the next step" : "starts a new run"}
        </p>
      )}
      {explain && <KnobOrigin knob={key} />}
    </div>
  );
}

/** A knob's line with its unit, as a sentence. */
function sentenceOf(knob: { line: string; unit?: string }): string {
  const line = knob.line.replace(/[.\s]+$/, "");
  return `${line.charAt(0).toUpperCase()}${line.slice(1)}${knob.unit ? ` (${knob.unit})` : ""}.`;
}

/** learningRate -> learning rate */
export const knobLabel = (key: string): string =>
  key.replace(/Px$/, "").replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const toSlider = ({ scale, min }: Slider, value: number): number =>
  scale === "log" ? Math.log10(Math.max(value, min)) : value;

function fromSlider({ scale }: Slider, position: number): number {
  return Number((scale === "log" ? 10 ** position : position).toPrecision(2));
}
