import { verdicts } from "../labels/verdict.ts";

/** What the letters and colours of rollouts mean, and what the height of their bars is. @param continued  some continue others */
export function OutcomeLegend({ continued = false }: { continued?: boolean }) {
  return (
    <ul class="outcomes small soft" aria-label="Letters and colours of rollouts">
      {Object.values(verdicts).map(({ letter, label, colour }) => (
        <li key={label}>
          <span class="cell" style={{ "--v": 0.6, "--c": `var(${colour})` }} aria-hidden="true">
            <span>{letter}</span>
          </span>
          {label}
        </li>
      ))}
      <li>height of the bar: reward</li>
      {continued && (
        <li>
          <span class="cell" data-continues style={{ "--v": 0 }} aria-hidden="true" />
          continues another: its call was sampled again
        </li>
      )}
    </ul>
  );
}
