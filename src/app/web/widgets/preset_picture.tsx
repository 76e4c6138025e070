import { useMemo } from "preact/hooks";
import { renderWindow, wholeScene } from "../../../tasks/scenes/render.ts";
import { sceneProblem } from "../../../tasks/sources/scenes.ts";
import { resolveConfig } from "../../../train/config.ts";
import { ScenePicture } from "./scene_picture.tsx";

/** Rendered pixels: on a screen with two a CSS pixel it is still sharp. */
const renderPx = 224;

/** A scene of a preset, as its runs have them; nothing for presets with other data. */
export function PresetPicture({ preset }: { preset: string }) {
  const shown = useMemo(() => picturesOf(preset), [preset]);
  if (!shown) return null;
  const { problem, pixels } = shown;
  return (
    <div class="preset-picture">
      <ScenePicture
        problem={problem}
        pixels={pixels}
        label={`A scene: ${problem.question} Answer: ${problem.answer}`}
      />
    </div>
  );
}

/** The first scene of a run of a preset with the seed 0. */
function picturesOf(preset: string) {
  const config = resolveConfig({ preset });
  if (config.data !== "") return null;
  const problem = sceneProblem(config, { seed: 0, split: "train", step: 0, index: 0 });
  return { problem, pixels: renderWindow(problem.scene, wholeScene(problem.scene), renderPx) };
}
