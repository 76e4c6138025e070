import { useEffect, useMemo, useRef } from "preact/hooks";
import { figure, signed } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { type AlignedTurn, aligned, type Piece } from "./aligned.ts";
import { useCompare } from "./compare_context.ts";
import { type Scored, scoreKey } from "./compare_control.ts";
import { ScoreLine } from "./score_line.tsx";
import type { Side } from "./sides.ts";

/** Pieces of one turn that are shown. */
const mostShown = 4096;

/** The transcripts of two rollouts behind their prompts, turn beside turn, with the first difference marked. */
export function SideBySide({ a, b }: { a: Side; b: Side }) {
  const compare = useCompare();
  const texts = useTexts(a, b);
  const first = useRef<HTMLElement>(null);
  const compared = useMemo(() => {
    if (!texts) return null;
    return aligned(a.rollout, b.rollout, (rollout, segment) => {
      const { tokens, texts: own } = rollout.segments[segment]!;
      return own ?? tokens.map((token) => texts.get(token) ?? `‹${token}›`);
    });
  }, [a, b, texts]);
  if (!compared)
    return (
      <div class="card">
        <p class="soft">reading the tokens…</p>
      </div>
    );
  const scored = { a: compare.scores.value.get(scoreKey(a, b)), b: compare.scores.value.get(scoreKey(b, a)) };
  const at = compared.first;
  return (
    <div class="card">
      <div class="headline">
        <h2>
          <b>Transcripts</b> {at === null ? "word for word the same" : whereDiffering(compared.turns, at)}
        </h2>
        {at !== null && (
          <button type="button" onClick={() => first.current?.scrollIntoView({ block: "center" })}>
            To the first difference
          </button>
        )}
      </div>
      <p class="legend small soft">
        <span class="piece other">differs</span> <mark class="piece other">first difference</mark>
        {(scored.a || scored.b) && (
          <>
            {" "}
            <span class="piece less">less</span> <span class="piece more">more</span> likely to the other’s weights
          </>
        )}
      </p>
      <div class="pair">
        <ScoreLine writer={a} asked={b} names={["A", "B"]} />
        <ScoreLine writer={b} asked={a} names={["B", "A"]} />
      </div>
      {compared.turns.map((turn, i) => (
        <div key={i} class={`pair turn ${turn.source}`}>
          <Column
            name="A"
            pieces={turn.a}
            source={turn.source}
            mark={markIn(at, i)}
            scored={scored.a}
            markRef={first}
          />
          <Column name="B" pieces={turn.b} source={turn.source} mark={markIn(at, i)} scored={scored.b} />
        </div>
      ))}
    </div>
  );
}

/** Texts of the tokens of both, null until they are known; by ids where they cannot be had. */
function useTexts(a: Side, b: Side): ReadonlyMap<number, string> | null {
  const { store, texts } = usePage();
  const model = store.lookup.value?.texts ?? null;
  const ids = useMemo(
    () =>
      [a, b].flatMap(({ rollout }) =>
        rollout.elsewhere ? [] : rollout.segments.slice(1).flatMap(({ tokens }) => tokens),
      ),
    [a, b],
  );
  useEffect(() => {
    if (model !== null && ids.length > 0) void texts.ask(ids, model);
  }, [ids, model, texts]);
  const known = texts.known.value;
  const failed = model === null || texts.problem.value?.model === model;
  return failed || ids.every((id) => known.has(id)) ? known : null;
}

const markIn = (first: { turn: number; piece: number } | null, turn: number): number | null =>
  first?.turn === turn ? first.piece : null;

function whereDiffering(turns: readonly AlignedTurn[], { turn, piece }: { turn: number; piece: number }): string {
  const written = turns.slice(0, turn + 1).filter(({ source }) => source === "model").length;
  const place = turns[turn]?.source === "tool" ? `the tool’s answer after turn ${written}` : `turn ${written}`;
  return `first difference in ${place}, position ${piece + 1}`;
}

interface ColumnProps {
  name: string;
  pieces: readonly Piece[] | null;
  source: "model" | "tool";
  mark: number | null;
  scored: Scored | undefined;
  markRef?: { current: HTMLElement | null };
}

function Column({ name, pieces, source, mark, scored, markRef }: ColumnProps) {
  return (
    <div class={`side side-${name.toLowerCase()}`}>
      <p class="who">
        <b class="mark">{name}</b> {source}
      </p>
      {pieces === null ? (
        <p class="soft small">is over</p>
      ) : (
        <p class="pieces mono">
          {pieces.slice(0, mostShown).map((piece, i) => {
            const Tag = i === mark ? "mark" : "span";
            return (
              <Tag key={i} ref={i === mark ? markRef : undefined} {...lookOf(piece, scored)}>
                {piece.text.replaceAll("\n", "⏎\n")}
              </Tag>
            );
          })}
          {mark !== null && mark >= pieces.length && (
            <mark class="piece other" ref={markRef}>
              ends here
            </mark>
          )}
          {pieces.length > mostShown && <span class="soft">… {pieces.length - mostShown} more</span>}
        </p>
      )}
    </div>
  );
}

/** How a piece looks: whether the other side has it, and how much likelier or less likely the other weights find it. */
function lookOf({ same, written, logprob }: Piece, scored: Scored | undefined) {
  const other = written === null ? undefined : scored?.logprobs[written];
  const change = other === undefined || logprob === null ? null : other - logprob;
  const way = change === null || Math.abs(change) < 0.005 ? "" : change < 0 ? "less" : "more";
  return {
    class: `piece ${same ? "" : "other"} ${way}`,
    style: change === null ? undefined : { "--p": Math.min(1, Math.abs(change) / 2).toFixed(2) },
    title:
      change === null
        ? logprob === null
          ? undefined
          : `log-probability ${figure(logprob)} when written`
        : `log-probability ${figure(logprob)} when written, ${figure(other)} to the other’s weights (${signed(change)})`,
  };
}
