import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Rollout } from "../../../agent/rollout.ts";
import { tokensOf } from "../../../agent/rollouts_elsewhere.ts";
import { counted, figure, shortened } from "../labels/numbers.ts";
import { outcomeLabel, toolLabel } from "../labels/tool_labels.ts";
import { type ModelInput, sizeText } from "../run/model_inputs.ts";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import { replacedNames } from "./branch_words.ts";
import { zoomClass } from "./crops.tsx";
import { imageWords, type Unit } from "./token_units.ts";

const colourings = ["probability", "entropy", "advantage"] as const;
type Colouring = (typeof colourings)[number];

interface Props {
  rollout: Rollout;
  units: readonly Unit[];
  cursor: number;
  inputs: readonly ModelInput[];
  /** Whether a link or a person has named this place, rather than a rollout being opened. */
  named: boolean;
  move(to: number): void;
  /** What can be done with the rollout as a whole. */
  buttons: ComponentChildren;
}

/** The tokens of a rollout by segments, with pictures where the model saw them. Text is shown as text, never as markup. */
export function Transcript({ rollout, units, cursor, inputs, named, move, buttons }: Props) {
  const [colouring, setColouring] = useState<Colouring>("probability");
  const highestEntropy = units.reduce((most, unit) => Math.max(most, unit.entropy ?? 0), 1e-6);
  // A page cannot hold a button for each of a hundred thousand tokens.
  const page = Math.floor(cursor / tokensAtOnce);
  const [from, to] = [page * tokensAtOnce, Math.min(units.length, (page + 1) * tokensAtOnce)];
  const here = groupBySegment(units, from, to);
  const list = useRef<HTMLDivElement>(null);
  const opened = useRef(true);
  // Keys, and a link, may lead to where the page does not stand; a rollout that is opened stands at its beginning.
  useEffect(() => {
    if (!opened.current || named) list.current?.querySelector(".pick")?.scrollIntoView({ block: "nearest" });
    opened.current = false;
  }, [cursor]);
  return (
    <div class="card" ref={list}>
      <div class="headline">
        <h2>
          <b>Transcript</b> step {rollout.step}, task {rollout.taskIndex + 1}, rollout {rollout.rolloutIndex + 1}
        </h2>
        {buttons}
        {!rollout.elsewhere && (
          <label class="small soft">
            colour:{" "}
            <select value={colouring} onChange={(event) => setColouring(event.currentTarget.value as Colouring)}>
              {colourings.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
      </div>
      {rollout.elsewhere ? (
        <LegendElsewhere known={units.some(({ logprob }) => logprob !== null)} />
      ) : (
        <Legend colouring={colouring} highestEntropy={highestEntropy} given={units.some(({ given }) => given)} />
      )}
      {from > 0 && <Elsewhere count={from} where="before" onGo={() => move(from - 1)} />}
      {here.map(({ segment, first, units: own }) => (
        <div key={segment} class={`turn ${own[0]?.source ?? ""}`}>
          <Who rollout={rollout} index={segment} inputs={inputs} />
          <div class="toks">
            {own.map((unit, i) => (
              <Token
                key={unit.first}
                unit={unit}
                picked={first + i === cursor}
                input={unit.picture === null ? undefined : inputs.find(({ index }) => index === unit.picture)}
                heat={heatOf(unit, rollout.elsewhere ? "probability" : colouring, highestEntropy, rollout.advantage)}
                onPick={() => move(first + i)}
              />
            ))}
          </div>
        </div>
      ))}
      {to < units.length && <Elsewhere count={units.length - to} where="behind" onGo={() => move(to)} />}
    </div>
  );
}

/** Tokens, or pictures, on the page at once. */
const tokensAtOnce = 4096;

/** The units from `from` up to `to` by their segments, with the index of the first of each. */
function groupBySegment(units: readonly Unit[], from: number, to: number) {
  const groups: { segment: number; first: number; units: Unit[] }[] = [];
  for (const [i, unit] of units.slice(from, to).entries()) {
    const open = groups.at(-1);
    if (open?.segment === unit.segment) open.units.push(unit);
    else groups.push({ segment: unit.segment, first: from + i, units: [unit] });
  }
  return groups;
}

function Elsewhere({ count: tokens, where, onGo }: { count: number; where: "before" | "behind"; onGo(): void }) {
  return (
    <p class="soft small">
      {counted(tokens, "token")} {where === "before" ? "before" : "after"} these.{" "}
      <button type="button" onClick={onGo}>
        Go there
      </button>
    </p>
  );
}

/** Background strength from -1 (falls) to 1; 0 for tokens that the model did not sample. */
function heatOf(unit: Unit, colouring: Colouring, highestEntropy: number, advantage: number | null): number {
  if (unit.logprob === null) return 0;
  if (colouring === "probability") return 1 - Math.exp(unit.logprob);
  if (colouring === "entropy") return (unit.entropy ?? 0) / highestEntropy;
  return Math.max(-1, Math.min(1, (advantage ?? 0) / 2));
}

interface TokenProps {
  unit: Unit;
  picked: boolean;
  heat: number;
  /** The picture that the token stands for, once it is there. */
  input: ModelInput | undefined;
  onPick(): void;
}

function Token({ unit, picked, heat, input, onPick }: TokenProps) {
  const hatched = unit.source === "model" ? "" : "masked";
  const picture = unit.picture !== null;
  const words = picture ? imageWords(unit) : unit.text.replaceAll("\n", "⏎");
  // Keys move the cursor; Tab need not stop at each of a hundred tokens
  return (
    <button
      type="button"
      tabIndex={-1}
      class={`tok ${picked ? "pick" : ""} ${hatched} ${unit.given ? "given" : ""} ${heat < 0 ? "falls" : ""} ${input ? `thumb ${zoomClass(input.zoom)}` : ""}`}
      style={{ "--p": Math.abs(heat).toFixed(2) }}
      // A space has no name that could be read aloud.
      aria-label={!picture && unit.text.trim() === "" && !unit.text.includes("\n") ? "white space" : undefined}
      aria-current={picked ? "true" : undefined}
      title={
        unit.given
          ? "put there by a person"
          : unit.logprob === null
            ? undefined
            : `p = ${figure(Math.exp(unit.logprob))}`
      }
      onClick={onPick}
    >
      {input && (
        <span class="seen" style={{ "--across": input.tokensAcross, "--down": input.tokensDown }}>
          <PixelsCanvas pixels={input.pixels} />
        </span>
      )}
      {picture && !input ? `▦ ${words}` : words}
    </button>
  );
}

function Who({ rollout, index, inputs }: { rollout: Rollout; index: number; inputs: readonly ModelInput[] }) {
  const segment = rollout.segments[index];
  if (!segment) return null;
  const { source, images } = segment;
  const length = tokensOf(segment);
  const tokens = length === null ? "tokens not counted" : counted(length, "token");
  if (source === "prompt")
    return (
      <div class="who">
        prompt · {tokens}
        {rollout.elsewhere ? "" : " · masked"}
      </div>
    );
  if (source === "model") {
    return (
      <div class="who">
        <b>{rollout.elsewhere ? shortened(rollout.elsewhere.model, 60) : "model"}</b>
        <span>{tokens}</span>
      </div>
    );
  }
  const call = rollout.calls.find((candidate) => candidate.segment === index - 1);
  const picture = inputs.find((candidate) => candidate.index === images[0]);
  return (
    <div class="who">
      <b>{call ? toolLabel(call) : "tool"}</b>
      <span>
        {call?.replaced ? `replaced by ${replacedNames[call.replaced.kind]}` : call ? outcomeLabel(call) : "answered"}
        {picture && ` → ${sizeText(picture)}`}
        {call?.boxWritten && ` · box as generated [${shortened(call.boxWritten.join(", "), 200)}]`}
        {call?.message && ` · ${shortened(call.message)}`}
      </span>
    </div>
  );
}

/** Of a rollout that a model on a server wrote: entropies and advantages there are none of. */
function LegendElsewhere({ known }: { known: boolean }) {
  if (!known)
    return (
      <p class="legend small soft">
        Probabilities are unknown: the server gives none, and the text is cut at words. Nothing is trained on it
      </p>
    );
  return (
    <p class="legend small soft probability">
      p = 1 <i aria-hidden="true" /> p = 0, as the server says · entropies are unknown · nothing is trained on it
    </p>
  );
}

function Legend({
  colouring,
  highestEntropy,
  given,
}: {
  colouring: Colouring;
  highestEntropy: number;
  /** Whether a person put some tokens there. */
  given: boolean;
}) {
  const ends = {
    probability: ["p = 1", "p = 0"],
    entropy: ["0 nats", `${figure(highestEntropy)} nats`],
    advantage: ["advantage −2", "+2"],
  }[colouring];
  return (
    <p class={`legend small soft ${colouring}`}>
      {ends[0]} <i aria-hidden="true" /> {ends[1]} · hatched: masked, not in the loss
      {given && " · underlined: put there by a person, not sampled"}
    </p>
  );
}
