import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Crops } from "./crops.tsx";
import { CursorBar } from "./cursor_bar.tsx";
import { figure, meanAndDeviation, signed } from "./numbers.ts";
import { usePage } from "./page_context.ts";
import { RewardCells } from "./reward_cells.tsx";
import { RewardTable } from "./reward_table.tsx";
import { sizeText } from "./shown_pictures.ts";
import { Stage } from "./stage.tsx";
import type { Chosen } from "./store.ts";
import { TokenPanel } from "./token_panel.tsx";
import { nextTool, nextTurn, previousTool, previousTurn, start, type Unit, unitsOf } from "./token_units.ts";
import { Transcript } from "./transcript.tsx";
import { useAlternatives } from "./use_alternatives.ts";
import { usePictures, useShown } from "./use_pictures.ts";

/** One rollout, token by token. All parts follow one cursor. */
export function StepView() {
  const { store, texts } = usePage();
  const chosen = store.chosen.value;
  const rollout = chosen?.rollout;
  const model = store.runConfig.value?.model ?? "needle";
  useEffect(() => {
    if (rollout)
      texts
        .ask(
          rollout.segments.flatMap((segment) => segment.tokens),
          model,
        )
        .catch((error) => store.notices.error(error));
  }, [rollout, model, texts, store]);
  const known = texts.known.value;
  const ready = rollout?.segments.every((segment) => segment.tokens.every((token) => known.has(token))) ?? false;
  const units = useMemo(
    () => (rollout && ready ? unitsOf(rollout, (token) => known.get(token) ?? "") : []),
    [rollout, ready, known],
  );
  if (!chosen) {
    return (
      <section class="stack first">
        <div class="card">
          <h2>
            <b>Nothing to step through yet</b>
          </h2>
          <p class="soft">
            Start a run on the Train tab, or open a recorded one on the Runs tab, and choose a rollout.
          </p>
        </div>
      </section>
    );
  }
  if (units.length === 0) return <p class="soft">reading the tokens…</p>;
  return <Stepper key={chosen.rollout.id} chosen={chosen} units={units} />;
}

function Stepper({ chosen, units }: { chosen: Chosen; units: readonly Unit[] }) {
  const { store } = usePage();
  const { rollout, task, siblings } = chosen;
  const config = store.runConfig.value;
  const [cursor, setCursor] = useState(() => start(units));
  // Keys may come faster than the page is drawn
  const latest = useRef(cursor);
  const pictures = usePictures(task, config);
  const shown = useShown(rollout, pictures);

  const goSibling = (by: number): void => {
    const at = siblings.findIndex((sibling) => sibling.id === rollout.id);
    const sibling = siblings[(at + by + siblings.length) % siblings.length];
    if (sibling) store.pinned.value = sibling.id;
  };
  const move = (to: number): void => {
    latest.current = Math.min(units.length - 1, Math.max(0, to));
    setCursor(latest.current);
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || takesKeys(event.target)) return;
      const at = latest.current;
      const action = {
        ArrowRight: () => move(event.shiftKey ? nextTurn(units, at) : at + 1),
        ArrowLeft: () => move(event.shiftKey ? previousTurn(units, at) : at - 1),
        t: () => move(nextTool(units, at)),
        T: () => move(previousTool(units, at)),
        Home: () => move(0),
        End: () => move(units.length - 1),
        "[": () => goSibling(-1),
        "]": () => goSibling(1),
      }[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });

  // A picture is there once the cursor has passed its tokens
  const passed = new Set(units.slice(0, cursor + 1).flatMap((unit) => unit.picture ?? []));
  const seen = shown.filter((picture) => passed.has(picture.index));
  const zooms = seen.filter((picture) => picture.zoom > 0);
  const source = pictures?.[0];
  const statistics = meanAndDeviation(siblings.flatMap((sibling) => sibling.reward?.total ?? []));
  const alternatives = useAlternatives(chosen, config);
  const written = units.slice(0, cursor).reduce((n, unit) => n + (unit.source === "model" ? unit.tokens : 0), 0);
  const finished = cursor === units.length - 1;
  return (
    <>
      <section class="stack" aria-label="Pictures">
        <div class="card">
          <h2>
            <b>Image</b> {source ? `source ${source.width} × ${source.height}` : "…"}
            {shown[0] && ` · model saw ${sizeText(shown[0])} · ${shown[0].tokensAcross * shown[0].tokensDown} tokens`}
          </h2>
          {source && passed.has(0) ? (
            <Stage source={source} rollout={rollout} task={task} zooms={zooms.length} />
          ) : (
            <div class="stage waiting" />
          )}
        </div>
        <div class="card">
          <h2>
            <b>Seen so far</b> {zooms.length === 1 ? "1 zoom" : `${zooms.length} zooms`}
          </h2>
          <Crops shown={seen} />
        </div>
      </section>
      <section class="stack first" aria-label="Transcript">
        <CursorBar units={units} cursor={cursor} move={move} />
        <Transcript rollout={rollout} units={units} cursor={cursor} shown={shown} move={move} />
      </section>
      <aside class="stack" aria-label="Token and reward">
        <TokenPanel unit={units[cursor]!} written={written} advantage={rollout.advantage} alternatives={alternatives} />
        <div class="card">
          <h2>
            <b>Reward</b> {finished ? "" : "at the end of the rollout"}
          </h2>
          <RewardTable rollout={rollout} task={task} config={config} />
        </div>
        <div class="card">
          <h2>
            <b>Siblings</b> step {chosen.step}, task {rollout.taskIndex + 1}: rollout {rollout.rolloutIndex + 1} of{" "}
            {siblings.length}
          </h2>
          <div class="cells wrap">
            <RewardCells
              rollouts={siblings}
              config={config}
              chosen={rollout.id}
              onChoose={(sibling) => {
                store.pinned.value = sibling.id;
              }}
            />
          </div>
          {statistics && (
            <p class="cap num">
              mean {figure(statistics.mean)} · std {figure(statistics.deviation)}
              {rollout.advantage !== null && ` · this one ${signed(rollout.advantage)}`}
            </p>
          )}
        </div>
      </aside>
    </>
  );
}

/** Fields and sliders use these keys themselves. */
const takesKeys = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable]") !== null;
