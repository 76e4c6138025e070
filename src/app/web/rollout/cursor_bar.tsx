import type { ComponentChildren } from "preact";
import { bindings } from "./step_keys.ts";
import { nextTool, nextTurn, previousTurn, type Unit } from "./token_units.ts";

interface Props {
  units: readonly Unit[];
  cursor: number;
  move(to: number): void;
  /** Shows all keys. */
  onHelp(): void;
  /** Beside where the cursor stands. */
  children?: ComponentChildren;
}

/** Buttons, keys and the strip on which the cursor goes through a rollout. */
export function CursorBar({ units, cursor, move, onHelp, children }: Props) {
  const last = units.length - 1;
  const { first, tokens, segment } = units[cursor]!;
  const total = units[last]!.first + units[last]!.tokens;
  const turn = new Set(units.slice(0, cursor + 1).flatMap((unit) => (unit.source === "model" ? unit.segment : [])))
    .size;
  const noTool = nextTool(units, cursor) === cursor;
  return (
    <div class="card time">
      <div class="buttons">
        <button type="button" aria-label="To the start" disabled={cursor === 0} onClick={() => move(0)}>
          |‹
        </button>
        <button type="button" disabled={cursor === 0} onClick={() => move(previousTurn(units, cursor))}>
          ‹ turn
        </button>
        <button type="button" disabled={cursor === 0} onClick={() => move(cursor - 1)}>
          ‹ token
        </button>
        <button type="button" class="go" disabled={cursor === last} onClick={() => move(cursor + 1)}>
          token ›
        </button>
        <button type="button" disabled={cursor === last} onClick={() => move(nextTurn(units, cursor))}>
          turn ›
        </button>
        <button type="button" disabled={noTool} onClick={() => move(nextTool(units, cursor))}>
          to the tool ›
        </button>
        <button type="button" aria-label="To the end" disabled={cursor === last} onClick={() => move(last)}>
          ›|
        </button>
      </div>
      <div class="strip">
        <div class="ticks" aria-hidden="true">
          {segmentsOf(units).map(({ index, source, tokens: length }) => (
            <i
              key={index}
              class={`${source} ${index === segment ? "here" : ""}`}
              style={{ flexGrow: length }}
              title={source}
            />
          ))}
        </div>
        <div class="needle" style={{ left: `${((first + tokens) / total) * 100}%` }} aria-hidden="true" />
        <input
          type="range"
          aria-label="Position in the rollout"
          aria-valuetext={`token ${first + tokens} of ${total}`}
          min={0}
          max={last}
          value={cursor}
          onInput={(event) => move(event.currentTarget.valueAsNumber)}
        />
      </div>
      <div class="place">
        <span class="small soft num" role="status">
          token {first + tokens} of {total} · {turn === 0 ? "prompt" : `turn ${turn}`}
        </span>
        {children}
      </div>
      <div class="keys">
        {bindings.map(({ keys, to }) =>
          keys[0] === "?" ? (
            <button key={to} type="button" class="link" onClick={onHelp}>
              <kbd>?</kbd> {to}
            </button>
          ) : (
            <span key={to}>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}{" "}
              {to}
            </span>
          ),
        )}
      </div>
    </div>
  );
}

function segmentsOf(units: readonly Unit[]): { index: number; source: string; tokens: number }[] {
  const segments: { index: number; source: string; tokens: number }[] = [];
  for (const { segment, source, tokens } of units) {
    const open = segments.at(-1);
    if (open?.index === segment) open.tokens += tokens;
    else segments.push({ index: segment, source, tokens });
  }
  return segments;
}
