import type { ReplacedResult, Rollout, ToolCall } from "../../agent/rollout.ts";
import { builtInTools, callSummary } from "../../agent/tools/table.ts";
import { effectText } from "../../train/call_credit.ts";
import { html, type Markup } from "./markup.ts";
import type { PagePictures } from "./page_pictures.ts";
import { type PictureClasses, pictureBox } from "./page_stage.ts";
import { type Piece, piecesOf } from "./pieces.ts";

/** Tokens of one rollout in a page; a browser has a hard time with more. */
const mostPieces = 20_000;

/** All segments: text with the colour of its probability, and pictures where the model saw them. */
export function transcript(
  rollout: Rollout,
  pictures: PagePictures,
  textOf: (token: number) => string,
  classes: PictureClasses,
): Markup {
  let left = mostPieces;
  const given = rollout.segments.some((segment) => (segment.given ?? []).length > 0);
  const segments = rollout.segments.map((segment, index) => {
    const all = piecesOf(segment, textOf);
    const pieces = all.slice(0, left);
    left -= pieces.length;
    const cut = all.length - pieces.length;
    return html`<div class="turn ${segment.source}">
<p class="who">${who(rollout, index)}</p>
<p class="tokens">${pieces.map((piece) => token(piece, pictures, classes))}</p>
${cut > 0 && html`<p class="soft">${cut} more tokens are left out.</p>`}
${segment.source === "model" && probabilities(pieces)}
</div>
`;
  });
  return html`<h3>Transcript</h3>
<p class="soft">p = 1 <i class="scale"></i> p = 0 · hatched: not sampled by the model ${given && "· underlined: written by a person "}· point at a token for its numbers</p>
${segments}`;
}

function who({ segments, calls }: Rollout, index: number): Markup {
  const { source, tokens } = segments[index]!;
  const count = `${tokens.length} token${tokens.length === 1 ? "" : "s"}`;
  if (source !== "tool") return html`<b>${source}</b> ${count}`;
  const call = calls.find((candidate) => candidate.segment === index - 1);
  return html`<b>${call ? (builtInTools.find(({ name }) => name === call.name)?.label ?? call.name) : "tool"}</b> ${count}${call && ` · ${outcome(call)}`}`;
}

function outcome(call: ToolCall): string {
  if (call.replaced) return `its result was replaced by a person: ${replacements[call.replaced.kind]}`;
  const of = (call.imageIndex ?? 0) > 0 ? `, of image ${call.imageIndex}` : "";
  const came = call.outcome === "ok" ? `${callSummary(call)}${of}` : `refused: ${call.message ?? call.outcome}`;
  return call.probe ? `${came} · ${effectText(call.probe)}` : came;
}

const replacements: Record<ReplacedResult["kind"], string> = {
  blank: "a blank picture",
  shuffled: "its pixels shuffled",
  box: "another crop",
  whole: "the whole picture",
  picture: "a picture of their own",
  error: "an error message",
};

function token(piece: Piece, { inputs }: PagePictures, classes: PictureClasses): Markup {
  if (piece.picture !== null) {
    const input = inputs[piece.picture];
    const words = `image, ${piece.tokens} tokens`;
    if (!input) return html`<span class="t masked">[${words}]</span>`;
    const label = `${words}, ${input.widthPx} × ${input.heightPx} pixels, as the model got it`;
    return html`<span class="t masked thumb">${pictureBox(input, label, classes)}${words}</span>`;
  }
  if (piece.given)
    return html`<span class="t given" title="written by a person, not sampled · id ${piece.token}">${shown(piece.text)}</span>`;
  if (piece.logprob === null) return html`<span class="t masked" title="id ${piece.token}">${shown(piece.text)}</span>`;
  const p = Math.exp(piece.logprob);
  const entropy = piece.entropy === null ? "" : ` · entropy ${piece.entropy.toFixed(3)} nats`;
  return html`<span class="t" style="--p: ${(1 - p).toFixed(2)}" title="p = ${p.toFixed(4)}${entropy} · id ${piece.token}">${shown(piece.text)}</span>`;
}

/** The same numbers for those who have no pointer, and on paper. */
const probabilities = (pieces: readonly Piece[]): Markup => html`<details><summary>Probabilities</summary>
<table class="probabilities"><thead><tr><th scope="col">token</th><th scope="col">id</th><th scope="col">p</th><th scope="col">log p</th><th scope="col">entropy, nats</th></tr></thead><tbody>${pieces.map(
  ({ text, token: id, logprob, entropy }) =>
    html`<tr><th scope="row">${shown(text)}</th><td>${id}</td><td>${number(logprob === null ? null : Math.exp(logprob))}</td><td>${number(logprob)}</td><td>${number(entropy)}</td></tr>`,
)}</tbody></table></details>`;

const number = (value: number | null): string => value?.toFixed(4).replace("-", "−") ?? "–";

const shown = (text: string): string => text.replaceAll("\n", "⏎").replaceAll("\t", "⇥");
