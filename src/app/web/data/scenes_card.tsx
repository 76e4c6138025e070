import { useEffect, useMemo, useState } from "preact/hooks";
import type { Pixels } from "../../../image/pixels.ts";
import { resize } from "../../../image/resize.ts";
import { type SizeLimits, smartResize } from "../../../image/smart_resize.ts";
import { problemOf, type Split, sceneTask } from "../../../tasks/sources/scenes.ts";
import type { Task } from "../../../tasks/task.ts";
import { chosenWorlds } from "../../../tasks/worlds/table.ts";
import type { Problem } from "../../../tasks/worlds/world.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { count } from "../labels/numbers.ts";
import { shippedView } from "../run/model_inputs.ts";
import { usePage } from "../run/page_context.ts";
import { KnobField } from "../widgets/knob_field.tsx";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import { chainInWords, ScenePicture } from "../widgets/scene_picture.tsx";
import { WorldHintLine } from "../widgets/world_hint_line.tsx";
import { WorldsField } from "../widgets/worlds_field.tsx";

/** Scenes on one page. */
const pageScenes = 12;
/** Rendered pixels of a scene's side. */
const shownPx = 512;

/** The settings that scenes are made by. */
export function SceneSettings() {
  const { config } = usePage().store;
  const chosen = chosenWorlds(config.value.worlds);
  // Where no zoom is needed nothing is read.
  const hasText = chosen.some((world) => world.mostZooms(config.value) > 0);
  return (
    <div class="card">
      <h2>
        <b>Generated scenes</b> how hard they are
      </h2>
      <WorldsField />
      <KnobField knob="seed" label="seed" />
      <KnobField knob="objects" label="objects in a scene" />
      {hasText && <KnobField knob="glyphPx" label="dot of a digit or letter, px" />}
      <KnobField knob="shapeMinPx" label="smallest shape, px" />
      <KnobField knob="shapeMaxPx" label="largest shape, px" />
      <KnobField knob="overlap" label="overlap of shapes" />
      {chosen.some(({ name }) => name === "hunt") && (
        <>
          <KnobField knob="hopsMin" label="zooms of the shortest hunts" />
          <KnobField knob="hopsMax" label="zooms of the longest hunts" />
        </>
      )}
      <KnobField knob="ground" />
      <KnobField knob="heldOutGround" label="ground of held-out scenes" />
      <KnobField knob="legibleShare" label="share of easy tasks" />
      <KnobField knob="curriculumSteps" label="steps from easy to that share" />
      <WorldHintLine />
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
        <span class="soft small">
          Left the source: the box of the answer is dashed, zooms that lead there are numbered. Right what the model
          sees at first.
        </span>
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
  const [{ width, height }] = task.imageSizesPx as [{ width: number; height: number }];
  const { widthPx, heightPx } = smartResize(height, width, view);
  // Rendered as small as it may be: a scene of 2,048 px takes 16 times as long as one of 512, and shows no more here.
  const { scene, problem } = useScene(task, config, Math.min(width, Math.max(shownPx, widthPx, heightPx)));
  const seen = useMemo(() => scene && resize(scene.pixels, widthPx, heightPx), [scene, widthPx, heightPx]);
  return (
    <figure class="scene">
      <div class="pair">
        <div class="stage">{scene && <ScenePicture {...scene} label={`The scene of: ${task.question}`} />}</div>
        <div class="stage seen">
          {seen && <PixelsCanvas pixels={seen} label="What the model sees of it at first" />}
        </div>
      </div>
      <figcaption>
        <span class="q">{task.question}</span> <b>{task.answer}</b>
        {scene && scene.problem.zooms.length > 1 && <span class="small">{chainInWords(scene.problem)}</span>}
        <span class="soft small num">
          {seen
            ? `${count(width)} × ${count(height)} → ${seen.width} × ${seen.height} · ${(seen.width * seen.height) / view.factor ** 2} image tokens`
            : (problem ?? "drawing…")}
        </span>
      </figcaption>
    </figure>
  );
}

/** A scene that no run has asked for yet, once the browser has shown what is there already. */
function useScene(
  task: Task,
  config: RunConfig,
  renderPx: number,
): { scene: { problem: Problem; pixels: Pixels } | null; problem: string | null } {
  const { pictures } = usePage();
  const key = `${renderPx} ${pictures.keyOf(task, config)}`;
  const [found, setFound] = useState<{ key: string; problem: Problem; pixels: Pixels | null } | null>(null);
  useEffect(() => {
    // A task of the browser for each: a page of them is no long one.
    const timer = setTimeout(() =>
      setFound({ key, problem: problemOf(task.id, config), pixels: pictures.small(task, config, renderPx) }),
    );
    return () => clearTimeout(timer);
  }, [key, pictures]);
  if (found?.key !== key) return { scene: null, problem: null };
  const { problem, pixels } = found;
  return pixels ? { scene: { problem, pixels }, problem: null } : { scene: null, problem: "cannot be drawn" };
}
