import { useEffect, useMemo, useState } from "preact/hooks";
import type { Pixels } from "../../../image/pixels.ts";
import { resize } from "../../../image/resize.ts";
import { type SizeLimits, smartResize } from "../../../image/smart_resize.ts";
import { type Split, sceneTask } from "../../../tasks/sources/scenes.ts";
import type { Task } from "../../../tasks/task.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { count } from "../labels/numbers.ts";
import { shippedView } from "../run/model_inputs.ts";
import { usePage } from "../run/page_context.ts";
import { KnobField } from "../widgets/knob_field.tsx";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";

/** Scenes on one page. */
const pageScenes = 12;

/** The settings that scenes are made by. */
export function SceneSettings() {
  return (
    <div class="card">
      <h2>
        <b>Generated scenes</b> how hard they are
      </h2>
      <KnobField knob="seed" label="seed" />
      <KnobField knob="objects" label="objects in a scene" />
      <KnobField knob="glyphPx" label="dot of a digit, px" />
      <KnobField knob="shapeMinPx" label="smallest shape, px" />
      <KnobField knob="shapeMaxPx" label="largest shape, px" />
      <KnobField knob="legibleShare" label="share that can be read at once" />
    </div>
  );
}

/** The scenes that a run with the settings will ask about: those of a step, or those that it is evaluated on. */
export function ScenesCard() {
  const { store } = usePage();
  const [split, setSplit] = useState<Split>("train");
  const [step, setStep] = useState(1);
  const [page, setPage] = useState(0);
  const config = store.config.value;
  const tasks = split === "train" ? config.tasksPerStep : config.evalTasks;
  const pages = Math.ceil(tasks / pageScenes);
  const from = Math.min(page, pages - 1) * pageScenes;
  const to = Math.min(from + pageScenes, tasks);
  const view = store.opened.value?.model.view ?? shippedView;
  const places = Array.from({ length: to - from }, (_, i) => from + i);
  const choose = (to: Split): void => {
    setSplit(to);
    setPage(0);
  };
  return (
    <div class="card">
      <div class="headline">
        <h2>
          <b>{split === "train" ? "Scenes of a step" : "Held-out scenes"}</b> {count(from + 1)} to {count(to)} of{" "}
          {count(tasks)}, as these settings make them
        </h2>
        <span class="what">
          <button type="button" aria-pressed={split === "train"} onClick={() => choose("train")}>
            trained on
          </button>
          <button type="button" aria-pressed={split === "heldout"} onClick={() => choose("heldout")}>
            held out
          </button>
        </span>
      </div>
      <p class="scenebar">
        {split === "train" && (
          <label class="small soft">
            step{" "}
            <input
              type="number"
              class="num"
              min={1}
              max={config.steps}
              value={step}
              onChange={({ currentTarget }) => {
                const typed = Math.round(currentTarget.valueAsNumber);
                if (Number.isFinite(typed)) setStep(Math.min(Math.max(1, typed), 1_000_000));
                currentTarget.value = String(step);
              }}
            />
          </label>
        )}
        {pages > 1 && (
          <span class="steppicker">
            <button
              type="button"
              class="icon"
              aria-label="Scenes before"
              disabled={from === 0}
              onClick={() => setPage(from / pageScenes - 1)}
            >
              ‹
            </button>
            <button
              type="button"
              class="icon"
              aria-label="Scenes after"
              disabled={to >= tasks}
              onClick={() => setPage(from / pageScenes + 1)}
            >
              ›
            </button>
          </span>
        )}
        <span class="soft small">Left the source with the box of the answer, right what the model sees at first.</span>
      </p>
      <ul class="samples">
        {places.map((index) => (
          <li key={`${split} ${step} ${index}`}>
            <Scene
              task={sceneTask(config, { seed: config.seed, split, step: split === "train" ? step - 1 : 0, index })}
              config={config}
              view={view}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Scene({ task, config, view }: { task: Task; config: RunConfig; view: SizeLimits }) {
  const { picture, problem } = useScene(task, config);
  const seen = useMemo(() => {
    if (picture === null) return null;
    const { widthPx, heightPx } = smartResize(picture.height, picture.width, view);
    return resize(picture, widthPx, heightPx);
  }, [picture, view]);
  const [left, top, right, bottom] = task.goldBoxSourcePx ?? [0, 0, 0, 0];
  const [{ width, height }] = task.imageSizesPx as [{ width: number; height: number }];
  const share = (px: number, of: number): string => `${(100 * px) / of}%`;
  return (
    <figure class="scene">
      <div class="pair">
        <div class="stage">
          {picture && <PixelsCanvas pixels={picture} label={`The scene of: ${task.question}`} />}
          <div
            class="box gold"
            style={{
              left: share(left, width),
              top: share(top, height),
              width: share(right - left, width),
              height: share(bottom - top, height),
            }}
          />
        </div>
        <div class="stage seen">
          {seen && <PixelsCanvas pixels={seen} label="What the model sees of it at first" />}
        </div>
      </div>
      <figcaption>
        <span class="q">{task.question}</span> <b>{task.answer}</b>
        <span class="soft small num">
          {seen
            ? `${count(width)} × ${count(height)} → ${seen.width} × ${seen.height} · ${(seen.width * seen.height) / view.factor ** 2} image tokens`
            : (problem ?? "drawing…")}
        </span>
      </figcaption>
    </figure>
  );
}

/** The picture of a task that no run has asked for yet. */
function useScene(task: Task, config: RunConfig): { picture: Pixels | null; problem: string | null } {
  const { pictures } = usePage();
  const key = pictures.keyOf(task, config);
  const [found, setFound] = useState<{ key: string; picture: Pixels | null; problem: string | null } | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    pictures.ask(task, config, abort.signal).then(
      ([picture]) => setFound({ key, picture: picture ?? null, problem: null }),
      (error: Error) => setFound({ key, picture: null, problem: error.message }),
    );
    return () => abort.abort();
  }, [key, pictures]);
  return found?.key === key ? found : { picture: null, problem: null };
}
