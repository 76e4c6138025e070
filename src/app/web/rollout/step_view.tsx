import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { figure, meanAndDeviation, shortened, signed } from "../labels/numbers.ts";
import { sizeText } from "../run/model_inputs.ts";
import { usePage } from "../run/page_context.ts";
import type { Chosen } from "../run/store.ts";
import { useModelInputs, usePictures } from "../run/use_pictures.ts";
import { RewardCells } from "../widgets/reward_cells.tsx";
import { Crops } from "./crops.tsx";
import { CursorBar } from "./cursor_bar.tsx";
import { RewardTable } from "./reward_table.tsx";
import { NoStage, Stage } from "./stage.tsx";
import { TokenPanel } from "./token_panel.tsx";
import {
  cursorAt,
  nextTool,
  nextTurn,
  previousTool,
  previousTurn,
  start,
  textByIds,
  type Unit,
  unitsOf,
} from "./token_units.ts";
import { Transcript } from "./transcript.tsx";
import { useAlternatives } from "./use_alternatives.ts";

/** One rollout, token by token, at one cursor. */
export function StepView() {
  const { store, texts } = usePage();
  const chosen = store.chosen.value;
  const rollout = chosen?.rollout;
  const lookup = store.lookup.value;
  const model = lookup?.texts ?? null;
  useEffect(() => {
    if (rollout && model !== null)
      void texts.ask(
        rollout.segments.flatMap((segment) => segment.tokens),
        model,
      );
  }, [rollout, model, texts]);
  const known = texts.known.value;
  const failed = texts.problem.value;
  const noTexts = model === null ? (lookup?.noTexts ?? null) : failed?.model === model ? failed.sentence : null;
  const byIds = noTexts !== null;
  const ready =
    byIds || (rollout?.segments.every((segment) => segment.tokens.every((token) => known.has(token))) ?? false);
  const units = useMemo(
    () => (rollout && ready ? unitsOf(rollout, byIds ? textByIds(rollout) : (token) => known.get(token) ?? "") : []),
    [rollout, ready, byIds, known],
  );
  if (!chosen) {
    return (
      <section class="stack first">
        <div class="card">
          <h2>
            <b>Nothing to step through yet</b>
          </h2>
          <p class="soft">
            {store.wantedFile.value
              ? "The rollout that was looked at is shown once its file is open."
              : "Start a run on the Train tab, or open a recorded one on the Runs tab, and choose a rollout."}
          </p>
        </div>
      </section>
    );
  }
  if (!ready) return <p class="soft first">reading the tokens…</p>;
  if (units.length === 0)
    return (
      <section class="stack first">
        <div class="card">
          <h2>
            <b>Rollout {shortened(chosen.rollout.id, 40)} has no tokens</b>
          </h2>
          <RewardTable rollout={chosen.rollout} task={chosen.task} config={store.runConfig.value} />
        </div>
      </section>
    );
  return <Stepper key={chosen.rollout.id} chosen={chosen} units={units} noTexts={noTexts} />;
}

function Stepper({ chosen, units, noTexts }: { chosen: Chosen; units: readonly Unit[]; noTexts: string | null }) {
  const { store } = usePage();
  const { rollout, task, siblings } = chosen;
  const config = store.runConfig.value;
  // In the store, so that the page's address can hold it.
  const at = store.cursor.value;
  const cursor = at?.rollout === rollout.id ? cursorAt(units, at.tokens) : start(units);
  // Keys may come faster than the page renders.
  const latest = useRef(cursor);
  latest.current = cursor;
  const { pixels: pictures, problem } = usePictures(task);
  const { inputs, problem: unseen } = useModelInputs(rollout, pictures);

  const goSibling = (by: number): void => {
    // Keys may come faster than the page renders, here too.
    const pinned = siblings.findIndex((sibling) => sibling.id === store.pinned.peek());
    const at = pinned >= 0 ? pinned : siblings.findIndex((sibling) => sibling.id === rollout.id);
    const sibling = siblings[(at + by + siblings.length) % siblings.length];
    if (sibling) store.pinned.value = sibling.id;
  };
  const move = (to: number): void => {
    latest.current = Math.min(units.length - 1, Math.max(0, to));
    const at = units[latest.current];
    if (at) store.cursor.value = { rollout: rollout.id, tokens: at.first + at.tokens };
  };
  // A layout effect: in an effect after the paint, a key pressed as soon as the view is visible would be lost.
  useLayoutEffect(() => {
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

  // A picture is shown once the cursor has passed its tokens.
  const passed = new Set(units.slice(0, cursor + 1).flatMap((unit) => unit.picture ?? []));
  const seen = inputs.filter((picture) => passed.has(picture.index));
  const zooms = seen.filter((picture) => picture.zoom > 0);
  const original = pictures?.[0];
  const statistics = meanAndDeviation(siblings.flatMap((sibling) => sibling.reward?.total ?? []));
  const alternatives = useAlternatives(chosen, config);
  const sampled = units.slice(0, cursor).reduce((n, unit) => n + (unit.source === "model" ? unit.tokens : 0), 0);
  const unit = units[cursor];
  const finished = cursor === units.length - 1;
  return (
    <>
      <section class="stack" aria-label="Pictures">
        <div class="card">
          <h2>
            <b>Image</b> {original ? `original ${original.width} × ${original.height}` : "…"}
            {inputs[0] &&
              ` · model input ${sizeText(inputs[0])} · ${inputs[0].tokensAcross * inputs[0].tokensDown} tokens`}
          </h2>
          {original && passed.has(0) ? (
            <Stage original={original} rollout={rollout} task={task} zooms={zooms.length} />
          ) : (
            <NoStage problem={problem} />
          )}
        </div>
        <div class="card">
          <h2>
            <b>Seen so far</b> {zooms.length === 1 ? "1 zoom" : `${zooms.length} zooms`}
          </h2>
          <Crops inputs={seen} />
          {unseen !== null && <p class="problem small">{unseen}.</p>}
        </div>
      </section>
      <section class="stack first" aria-label="Transcript">
        <CursorBar units={units} cursor={cursor} move={move} />
        {noTexts !== null && <p class="soft small">Tokens are shown by their ids. {noTexts}.</p>}
        <Transcript rollout={rollout} units={units} cursor={cursor} inputs={inputs} move={move} />
      </section>
      <aside class="stack" aria-label="Token and reward">
        {unit && <TokenPanel unit={unit} sampled={sampled} advantage={rollout.advantage} alternatives={alternatives} />}
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
