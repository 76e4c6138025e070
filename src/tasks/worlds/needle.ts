import { objectBox, objectName, randomScene, type SceneRecipe, targetOf } from "../scenes/scene.ts";
import { closeUpSizesPx, type ProblemParts, shapesOf, type World } from "./world.ts";

const sidePx = 512;

function recipe({ random, settings, ground, easy }: ProblemParts): SceneRecipe {
  const few = 1 + random.below(3);
  if (!easy)
    return {
      ...shapesOf(settings),
      sidePx,
      ground,
    };
  const sizes = closeUpSizesPx(few);
  return { objects: few, ...sizes, dotPx: sizes.sizeMinPx * 0.09, sidePx, ground };
}

export const digitQuestion = (name: string): string => `What digit is on the ${name}?`;

/** One look decides: a digit that is too small to be read at first sight. */
export const needle: World = {
  name: "needle",
  label: "Needle",
  line: "What digit is on one of the shapes? It is too small to read, so one zoom is needed.",
  sidePx,
  mostZooms: () => 1,
  problem(parts) {
    const scene = randomScene(parts.random, recipe(parts));
    const target = targetOf(scene);
    const name = objectName(target);
    return {
      scene,
      question: digitQuestion(name),
      answer: target.text,
      goldBoxSourcePx: objectBox(target),
      zooms: [{ imageIndex: 0, target, label: name }],
    };
  },
};
