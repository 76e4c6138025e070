import { Fragment } from "preact";
import { useMemo } from "preact/hooks";
import type { RowDetails } from "../../worker_api/data_api.ts";
import { count } from "../labels/numbers.ts";
import { foldPictures } from "./prompt_pieces.ts";

export type PromptView = "tokens" | "text";

/** A prompt token by token, image tokens folded; or its text. All of it is text, never markup. */
export function PromptTokens({ prompt, view }: { prompt: NonNullable<RowDetails["prompt"]>; view: PromptView }) {
  const pieces = useMemo(() => foldPictures(prompt), [prompt]);
  return (
    <>
      {view === "text" ? (
        <div class="mono pre">{pieces.map(({ text }) => text).join("")}</div>
      ) : (
        <div class="tokens">
          {pieces.map(({ kind, text, id, first }) => (
            <Fragment key={first}>
              <span class={`token ${kind}`}>
                <span>{shown(text)}</span>
                <small>{id}</small>
              </span>
              {text.endsWith("\n") && <br />}
            </Fragment>
          ))}
        </div>
      )}
      <p class="cap num">
        {count(prompt.tokens.length)} tokens in all; the small number is a token’s id. After them the model generates.
      </p>
    </>
  );
}

const shown = (text: string): string => text.replaceAll("\n", "⏎").replaceAll("\t", "⇥");
