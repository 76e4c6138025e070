import { useId } from "preact/hooks";
import { counted, roughDuration } from "../labels/numbers.ts";
import type { AwayControl } from "./away_control.ts";
import { hiddenTabWords, safariLimits } from "./away_words.ts";
import type { Offline } from "./offline.ts";

/** What happens while nobody looks at the page, and what of it can be chosen. */
export function AwayCard({ away }: { away: AwayControl }) {
  const { awake, tells } = away.choices.value;
  const hidden = away.hidden.value;
  const limits = safariLimits(away.environment.engine);
  return (
    <>
      {hiddenTabWords(away.environment.engine).map((words) => (
        <p key={words} class="small">
          {words}
        </p>
      ))}
      {hidden && (
        <p class="small soft">
          Last time it was hidden for {roughDuration(hidden.ms)} and made {counted(hidden.steps, "step")}
          {hidden.frozen && "; the browser had frozen it"}.
        </p>
      )}
      <Choice
        label="Keep the screen on while a run is under way"
        checked={awake}
        problem={away.awakeProblem.value}
        state={away.isAwake.value ? "The screen stays on now." : null}
        choose={(chosen) => away.choose({ awake: chosen })}
      />
      <Choice
        label="Notify when a run ends and this tab is hidden"
        checked={tells}
        problem={away.tellProblem.value}
        state={null}
        choose={(chosen) => away.choose({ tells: chosen })}
      />
      <p class="small" role="status">
        {offlineWords(away.offline.value)}
      </p>
      {limits && (
        <>
          <h3>Limits of Safari</h3>
          <ul class="small">
            {limits.map((limit) => (
              <li key={limit}>{limit}</li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function offlineWords(offline: Offline): string {
  switch (offline.state) {
    case "kept":
      return "Without a network: this page, its models and recordings are kept in this browser and open all the same. A new version is fetched when there is one.";
    case "keeping":
      return "Without a network: this page is being kept in this browser.";
    case "none":
      return `Without a network: the page does not open, since ${offline.because}.`;
    case "failed":
      return `Without a network: the page could not be kept (${offline.because}).`;
  }
}

interface ChoiceProps {
  label: string;
  checked: boolean;
  /** Why it has no effect. */
  problem: string | null;
  state: string | null;
  choose(chosen: boolean): Promise<void>;
}

function Choice({ label, checked, problem, state, choose }: ChoiceProps) {
  const id = useId();
  return (
    <div class="knob">
      <div class="row">
        <label for={id}>{label}</label>
        <input
          id={id}
          type="checkbox"
          checked={checked}
          aria-describedby={problem ? `${id}-problem` : undefined}
          onChange={(event) => void choose(event.currentTarget.checked)}
        />
      </div>
      {problem && checked && (
        <p class="problem small" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
      {state && <p class="soft small">{state}</p>}
    </div>
  );
}
