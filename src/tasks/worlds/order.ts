import { randomScene } from "../scenes/scene.ts";
import { shapesOf, type World } from "./world.ts";

const sidePx = 512;

/** No zoom, and a long answer: where tokens are limited, a call leaves no room for it. */
export const order: World = {
  name: "order",
  label: "Order",
  line: "Name the colours from left to right. The whole picture shows it, and the answer is long.",
  sidePx,
  mostZooms: () => 0,
  problem({ random, settings, ground, easy }) {
    const most = easy ? Math.min(2, settings.objects) : settings.objects;
    const scene = randomScene(random, {
      ...shapesOf(settings),
      objects: Math.max(1, most),
      sidePx,
      ground,
    });
    const names = scene.objects.toSorted((a, b) => a.xPx - b.xPx).map(({ colour }) => colour);
    return { scene, question: orderQuestion, answer: names.join(" "), zooms: [] };
  },
};

export const orderQuestion = "What are the colours from left to right?";
