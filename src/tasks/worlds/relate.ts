import { objectName, randomScene } from "../scenes/scene.ts";
import { closeUpSizesPx, shapesOf, type World } from "./world.ts";

const sidePx = 512;

/** Two zooms: a question that neither of two objects can answer alone. */
export const relate: World = {
  name: "relate",
  label: "Relate",
  line: "Which of the digits on two shapes is larger? Both must be read, so two zooms are needed.",
  sidePx,
  mostZooms: () => 2,
  problem({ random, settings, ground, easy }) {
    const scene = randomScene(random, {
      ...(easy
        ? { objects: 2, ...closeUpSizesPx(2), dotPx: closeUpSizesPx(2).sizeMinPx * 0.09 }
        : {
            ...shapesOf(settings),
            objects: Math.max(2, settings.objects),
          }),
      sidePx,
      ground,
    });
    // Colours and places are random already.
    const [one, other] = scene.objects as [(typeof scene.objects)[0], (typeof scene.objects)[0]];
    // Two that differ, so that one of them is the larger.
    other.text = String((Number(one.text) + 1 + random.below(9)) % 10);
    const larger = Number(one.text) > Number(other.text) ? one : other;
    return {
      scene,
      question: relateQuestion(objectName(one), objectName(other)),
      answer: larger.text,
      zooms: [one, other].map((target) => ({ imageIndex: 0, target, label: objectName(target) })),
    };
  },
};

export const relateQuestion = (one: string, other: string): string =>
  `What is the larger of the digits on the ${one} and the ${other}?`;
