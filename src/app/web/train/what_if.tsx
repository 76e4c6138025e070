import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { usePage } from "../run/page_context.ts";
import { beginning } from "../run/question.ts";
import { NextHint } from "../widgets/next_hint.tsx";

/** Experiments of one click: the settings that begin one, and those that take it back. */
const questions: { label: string; asked: Partial<RunConfig>; otherwise: Partial<RunConfig> }[] = [
  { label: "no bonus for zooming", asked: { bonus: "none" }, otherwise: { bonus: "conditional" } },
  { label: "bonus even when wrong", asked: { bonus: "unconditional" }, otherwise: { bonus: "conditional" } },
  { label: "zoom switched off", asked: { zoom: false }, otherwise: { zoom: true } },
  { label: "crop comes back blank", asked: { crop: "blank" }, otherwise: { crop: "source" } },
  { label: "6 objects", asked: { objects: 6 }, otherwise: { objects: 4 } },
];

/** Questions about scenes do not apply to tasks from files. */
const asks = ({ data }: RunConfig) => questions.filter(({ asked }) => data === "" || !("objects" in asked));

export function WhatIf() {
  const { store, control } = usePage();
  const config = store.config.value;
  return (
    <div class="card">
      <h2>
        <b>What if…</b> one change, one new run beside this one
      </h2>
      <NextHint step="change one thing">
        change one thing. The new run is drawn over this one, so that you see what it was worth.
      </NextHint>
      <div class="what">
        {asks(config).map(({ label, asked, otherwise }) => {
          const on = Object.entries(asked).every(([key, value]) => config[key as keyof RunConfig] === value);
          return (
            <button
              key={label}
              type="button"
              aria-pressed={on}
              title={beginning(resolveConfig({ ...config, ...(on ? otherwise : asked) }))}
              disabled={store.blocked.value}
              onClick={() => void control.whatIf(on ? otherwise : asked)}
            >
              {label}
            </button>
          );
        })}
      </div>
      <p class="soft small">
        Each starts a new run with the settings above and this one change. Where that ends another run, you are asked
        first.
      </p>
      {store.previous.value && (
        <p class="soft small">
          Faint lines: the run before this one.{" "}
          <button
            type="button"
            class="link"
            onClick={() => {
              store.previous.value = null;
            }}
          >
            Hide them
          </button>
        </p>
      )}
    </div>
  );
}
