import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Rollout } from "../../../agent/rollout.ts";
import { tokensOf } from "../../../agent/rollouts_elsewhere.ts";
import { effectText } from "../../../train/call_credit.ts";
import { rolloutNumber } from "../../text/continuation_words.ts";
import { branchNumber } from "../../worker_api/branch_api.ts";
import { counted, figure, shortened } from "../labels/numbers.ts";
import { outcomeLabel, toolLabel } from "../labels/tool_labels.ts";
import { type ModelInput, sizeText } from "../run/model_inputs.ts";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import { replacedNames } from "./branch_words.ts";
import { ContinuationLine } from "./continuation_line.tsx";
import { zoomClass } from "./cut_box.tsx";
import { type Colouring, colouringsOf, coloursOf, type Known, type TokenColours } from "./token_colours.ts";
import { imageWords, type Unit } from "./token_units.ts";

interface Props {
  rollout: Rollout;
  units: readonly Unit[];
  cursor: number;
  inputs: readonly ModelInput[];
  /** What the model finds in it, to colour and mark tokens by. */
  known: Known;
  /** Whether a link or a person has named this place, rather than a rollout being opened. */
  named: boolean;
  move(to: number): void;
  /** What can be done with the rollout as a whole. */
  buttons: ComponentChildren;
}

/** The tokens of a rollout by segments, with pictures where the model saw them. Text is shown as text, never as markup. */
export function Transcript({ rollout, units, cursor, inputs, known, named, move, buttons }: Props) {
  const [wanted, setWanted] = useState<Colouring>("probability");
  const colourings = colouringsOf(known);
  const colouring = colourings.includes(wanted) ? wanted : "probability";
  const { advantages, found, loss } = known;
  const colours = useMemo(() => coloursOf(colouring, units, known), [colouring, units, advantages, found, loss]);
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
          {branchNumber(rollout.id) !== null && `, branch ${branchNumber(rollout.id)}`}
        </h2>
        <span class="buttons">{buttons}</span>
      </div>
      {rollout.elsewhere ? (
        <LegendElsewhere
          known={units.some(({ logprob }) => logprob !== null)}
          graphs={rollout.elsewhere.graphs === true}
        />
      ) : (
        <div class="headline">
          <Legend colours={colours} given={units.some(({ given }) => given)} />
          <label class="small soft">
            colour:{" "}
            <select value={colouring} onChange={(event) => setWanted(event.currentTarget.value as Colouring)}>
              {colourings.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        </div>
      )}
      <ContinuationLine rollout={rollout} />
      {from > 0 && <Elsewhere count={from} where="before" onGo={() => move(from - 1)} />}
      {here.map(({ segment, first, units: own }) => (
        <div key={segment} class={`turn ${own[0]?.source ?? ""}`}>
          <Who rollout={rollout} index={segment} inputs={inputs} />
          <div class="toks">
            {own.map((unit, i) => (
              <Token
                key={unit.first}
                rollout={rollout}
                unit={unit}
                picked={first + i === cursor}
                input={unit.picture === null ? undefined : inputs.find(({ index }) => index === unit.picture)}
                heat={colours.heats[first + i]!}
                clipped={colours.clipped[first + i]!}
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

/** Why a token that the model sampled is not in the loss of this rollout. */
const notTrained = ({ continues }: Rollout): string =>
  continues
    ? `trained as a token of rollout ${rolloutNumber(continues.rollout)}`
    : "not in the loss: others go on from here";

interface TokenProps {
  rollout: Rollout;
  unit: Unit;
  picked: boolean;
  heat: number;
  clipped: boolean;
  /** The picture that the token stands for, once it is there. */
  input: ModelInput | undefined;
  onPick(): void;
}

function Token({ rollout, unit, picked, heat, clipped, input, onPick }: TokenProps) {
  const hatched = unit.source === "model" && !unit.untrained ? "" : "masked";
  const picture = unit.picture !== null;
  const words = picture ? imageWords(unit) : unit.text.replaceAll("\n", "⏎");
  // Keys move the cursor; Tab need not stop at each of a hundred tokens
  return (
    <button
      type="button"
      tabIndex={-1}
      class={`tok ${picked ? "pick" : ""} ${hatched} ${unit.given ? "given" : ""} ${clipped ? "clipped" : ""} ${heat < 0 ? "falls" : ""} ${input ? `thumb ${zoomClass(input.zoom)}` : ""}`}
      style={{ "--p": Math.abs(heat).toFixed(2) }}
      // A space has no name that could be read aloud.
      aria-label={!picture && unit.text.trim() === "" && !unit.text.includes("\n") ? "white space" : undefined}
      aria-current={picked ? "true" : undefined}
      title={
        unit.given
          ? "written by a person"
          : unit.logprob === null
            ? undefined
            : `p = ${figure(Math.exp(unit.logprob))}${clipped ? ", clipped under these weights" : ""}${unit.untrained ? `, ${notTrained(rollout)}` : ""}`
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
        {(call?.imageIndex ?? 0) > 0 && ` · of image ${call?.imageIndex}`}
        {call?.boxWritten && ` · box as generated [${shortened(call.boxWritten.join(", "), 200)}]`}
        {call?.message && ` · ${shortened(call.message)}`}
        {call?.probe && ` · ${effectText(call.probe)}`}
      </span>
    </div>
  );
}

/** Of a rollout that a model on a server wrote, or graphs: advantages there are none of, nor of a server's entropies. */
function LegendElsewhere({ known, graphs }: { known: boolean; graphs: boolean }) {
  if (!known)
    return (
      <p class="legend small soft">
        Probabilities are unknown: the server gives none, and the text is cut at words. Nothing is trained on it
      </p>
    );
  return (
    <p class="legend small soft probability">
      p = 1 <i aria-hidden="true" /> p = 0,{" "}
      {graphs
        ? "by the graphs · attention and the prompt’s probabilities are unknown"
        : "as the server says · entropies are unknown"}{" "}
      · nothing is trained on it
    </p>
  );
}

function Legend({ colours: { ends, twoSided, clipped }, given }: { colours: TokenColours; given: boolean }) {
  return (
    <p class={`legend small soft ${twoSided ? "two-sided" : ""}`}>
      {ends[0]} <i aria-hidden="true" /> {ends[1]} · hatched: masked, not in the loss
      {given && " · underlined: written by a person, not sampled"}
      {clipped.some(Boolean) && " · line above: clipped under these weights"}
    </p>
  );
}
