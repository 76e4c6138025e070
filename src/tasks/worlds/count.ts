import { randomScene, type Shape, shapes } from "../scenes/scene.ts";
import { shapesOf, type World } from "./world.ts";

const sidePx = 512;

/** No zoom: how many shapes of a kind there are, parts of them hidden by others where `overlap` allows it. */
export const count: World = {
  name: "count",
  label: "Count",
  line: "How many shapes of a kind are there? The whole picture shows it; a crop shows less.",
  sidePx,
  mostZooms: () => 0,
  problem({ random, settings, ground, easy }) {
    const most = easy ? Math.min(3, settings.objects) : settings.objects;
    const scene = randomScene(random, {
      ...shapesOf(settings),
      objects: 1 + random.below(most),
      sidePx,
      ground,
      text: () => "",
    });
    const shape = shapes[random.below(shapes.length)]!;
    return {
      scene,
      question: countQuestion(shape),
      answer: String(scene.objects.filter((object) => object.shape === shape).length),
      zooms: [],
    };
  },
};

export const countQuestion = (shape: Shape): string => `How many shapes are there like a ${shape}?`;
