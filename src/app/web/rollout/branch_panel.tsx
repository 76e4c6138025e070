import { useId, useState } from "preact/hooks";
import type { Intervention } from "../../../agent/branch_start.ts";
import type { ChangeKind, GoingOn } from "../run/branch_control.ts";
import { usePage } from "../run/page_context.ts";
import { askedOf } from "../run/who_answers.ts";
import "./branch.css";
import { BoxFields, useDrawnBox } from "./branch_box_fields.tsx";
import { BranchOutcome } from "./branch_outcome.tsx";
import { type Place, turnStart } from "./branch_place.ts";
import { type ResultChoice, ResultFields, resultOf } from "./branch_result_fields.tsx";
import type { StepContext } from "./step_context.ts";
import { visibleText } from "./token_units.ts";

const kinds: Record<ChangeKind, string> = {
  box: "Look elsewhere",
  result: "Another result",
  deny: "No tool",
  text: "Write something",
  question: "Ask something else",
};

const actions: Record<ChangeKind, string> = {
  box: "What if it had looked here?",
  result: "What if it had got this?",
  deny: "What if it could not call?",
  text: "What if it had written this?",
  question: "What if this were asked?",
};

/** Something else in the place of what happened, and what comes of it. */
export function BranchPanel({ step }: { step: StepContext }) {
  const { branches, store } = usePage();
  const { chosen, units, unit } = step;
  const kind = branches.kind.value;
  const [text, setText] = useState("");
  const [question, setQuestion] = useState(chosen.task.question);
  const [given, setGiven] = useState<Omit<ResultChoice, "kind">>({ text: "", picture: null });
  const result: ResultChoice = { ...given, kind: branches.result.value };
  const setResult = ({ kind, ...rest }: ResultChoice): void => {
    branches.result.value = kind;
    setGiven(rest);
  };
  const place = turnStart(step);
  const box = useDrawnBox(step, place, kind === "box" || (kind === "result" && result.kind === "box"));
  const name = useId();
  const obstacle = branches.obstacle();
  const making = branches.making.value;
  const at = unit.source === "model" ? unit.first : (place?.turn ?? 0);
  const what = (): Intervention | null => {
    if (kind === "question") return { kind, question };
    if (kind === "text") return { kind, at, text };
    if (!place) return null;
    if (kind === "deny") return { kind, at: place.turn };
    if (kind === "box") return { kind, at: place.turn, boxSourcePx: box.value };
    const chosenResult = resultOf(result, box.value);
    return chosenResult && place.call !== null ? { kind, at: place.call, result: chosenResult } : null;
  };
  const lacks = lackOf(kind, place, result);
  return (
    <div class="branching">
      <fieldset class="kinds">
        <legend class="hidden">What is changed</legend>
        {(Object.keys(kinds) as ChangeKind[]).map((one) => (
          <label key={one} class={one === kind ? "on" : ""}>
            <input
              type="radio"
              name={name}
              checked={one === kind}
              onChange={() => {
                branches.kind.value = one;
                branches.problem.value = null;
              }}
            />
            {kinds[one]}
          </label>
        ))}
      </fieldset>
      {kind === "box" && <BoxFields box={box} />}
      {kind === "result" && <ResultFields choice={result} onChoice={setResult} box={<BoxFields box={box} />} />}
      {kind === "deny" && <p class="soft small">The token that opens a tool call cannot be sampled.</p>}
      {kind === "text" && (
        <label class="small">
          Replaces “
          {visibleText(unit.source === "model" ? unit.text : (units.find(({ first }) => first === at)?.text ?? ""))}”,
          token {at + 1}, and the rest of that turn
          <textarea
            rows={3}
            class="mono"
            spellcheck={false}
            value={text}
            placeholder="<answer>7</answer><|im_end|>"
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
      )}
      {kind === "question" && (
        <label class="small">
          New question; the rollout starts again from the prompt
          <textarea rows={2} value={question} onInput={(event) => setQuestion(event.currentTarget.value)} />
        </label>
      )}
      <HowItGoesOn />
      <p class="buttons">
        <button
          type="button"
          class="go"
          disabled={obstacle !== null || making || lacks !== null}
          onClick={() => {
            const asked = what();
            if (asked) void branches.make(chosen, asked, askedOf(store));
          }}
        >
          {actions[kind]}
        </button>
      </p>
      <p class="soft small">
        {obstacle ?? lacks ?? `Continued ${branches.weights(askedOf(store))}. The original rollout does not change.`}
      </p>
      {branches.problem.value !== null && (
        <p class="problem small" role="alert">
          {branches.problem.value}
        </p>
      )}
      <div role="status">
        {making && <p class="soft small">generating…</p>}
        {!making && branches.latest.value && store.tree.value === branches.latest.value.tree && (
          <BranchOutcome branch={branches.latest.value} step={step} />
        )}
      </div>
    </div>
  );
}

/** What has to be chosen first; null where nothing has. */
function lackOf(kind: ChangeKind, place: Place | null, result: ResultChoice): string | null {
  if (kind === "question" || kind === "text") return null;
  if (!place) return "The model has written nothing here yet";
  if (kind !== "result") return null;
  if (place.call === null) return "No tool was called here";
  return result.kind === "picture" && result.picture === null ? "Choose a picture first" : null;
}

const ways: Record<GoingOn, string> = {
  greedy: "greedily",
  same: "sampled, same random numbers",
  seed: "sampled, another seed",
};

/** Greedily, or sampled with the same or other random numbers. */
function HowItGoesOn() {
  const { goingOn, seed } = usePage().branches;
  return (
    <div class="small howon">
      <label>
        Continue{" "}
        <select
          value={goingOn.value}
          onChange={(event) => {
            goingOn.value = event.currentTarget.value as GoingOn;
          }}
        >
          {(Object.keys(ways) as GoingOn[]).map((one) => (
            <option key={one} value={one}>
              {ways[one]}
            </option>
          ))}
        </select>
      </label>
      {goingOn.value === "seed" && (
        <input
          class="num"
          type="number"
          aria-label="Seed"
          min={0}
          max={0xffffffff}
          step={1}
          value={seed.value}
          onChange={(event) => {
            const typed = event.currentTarget.valueAsNumber;
            if (Number.isInteger(typed) && typed >= 0 && typed <= 0xffffffff) seed.value = typed;
            event.currentTarget.value = String(seed.value);
          }}
        />
      )}
    </div>
  );
}
