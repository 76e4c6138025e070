import type { Random } from "../random.ts";
import { type Colour, objectBox, objectName, randomScene, type SceneObject } from "../scenes/scene.ts";
import { shapesOf, type World, type Zoom } from "./world.ts";

const sidePx = 2048;

/** "B" for blue: the colours begin with letters of their own. */
const letterOf = (colour: Colour): string => colour[0]!.toUpperCase();

/** What stands on a plate: a letter that leads on, a digit, or a small disc with a digit. */
type Sign = { kind: "letter"; to: Colour } | { kind: "digit" } | { kind: "disc" };

/** Side of a disc and of its dots, as shares of its plate and of the plates' dots. */
const discShare = 0.16;
const discDots = 0.25;

/**
 * Zooms that must be chained, in a scene of 2,048 px. The shapes are plates with signs that cannot be read at first sight:
 * a letter leads to the plate whose colour begins with it; at the end stands a digit, or a disc so small that it takes a
 * zoom into the zoom. Nothing on the first plate tells the digit, so that one call leaves the answer at chance.
 */
export const hunt: World = {
  name: "hunt",
  label: "Hunt",
  line: "Follow the letters from shape to shape to a digit: two to four zooms, each showing where to look next, the last into a crop.",
  sidePx,
  mostZooms: ({ hopsMax }) => hopsMax,
  problem({ random, settings, ground, easy }) {
    const { hopsMin, hopsMax } = settings;
    const hops = easy ? hopsMin : hopsMin + random.below(hopsMax - hopsMin + 1);
    // Two hops: a letter and a digit; four: two letters, a digit on a disc; three: either of both.
    const endsOnDisc = hops === 4 || (hops === 3 && random.below(2) === 1);
    const letters = hops - 1 - (endsOnDisc ? 1 : 0);
    const scene = randomScene(random, {
      ...shapesOf(settings),
      objects: Math.max(settings.objects, letters + 1),
      sidePx,
      ground,
    });
    const plates = scene.objects;
    // Colours and places are random already, so the first ones may be the chain.
    const chain = plates.slice(0, letters + 1);
    const discs = plates.map((plate, i) => {
      const next = chain[i + 1];
      const sign: Sign = next
        ? { kind: "letter", to: next.colour }
        : i === letters
          ? { kind: endsOnDisc ? "disc" : "digit" }
          : decoy(random, plates);
      return put(random, plate, sign);
    });
    const last = chain.at(-1)!;
    const end = discs[letters] ?? last;
    const zooms: Zoom[] = chain.map((target) => ({ imageIndex: 0, target, label: objectName(target) }));
    if (end !== last) zooms.push({ imageIndex: chain.length, target: end, label: "disc" });
    return {
      scene: { ...scene, objects: [...plates, ...discs.filter((disc) => disc !== null)], target: 0 },
      question: huntQuestion(objectName(plates[0]!)),
      answer: end.text,
      goldBoxSourcePx: objectBox(end),
      zooms,
    };
  },
};

export const huntQuestion = (name: string): string => `Follow the letters from the ${name}. What digit is at the end?`;

/** A sign of a plate that is not on the way. */
function decoy(random: Random, plates: readonly SceneObject[]): Sign {
  const kind = (["letter", "digit", "disc"] as const)[random.below(3)]!;
  return kind === "letter" ? { kind, to: plates[random.below(plates.length)]!.colour } : { kind };
}

/** Writes a sign on a plate; what is given is the disc that lies on it, if there is one. */
function put(random: Random, plate: SceneObject, sign: Sign): SceneObject | null {
  plate.text = "";
  if (sign.kind === "letter") plate.text = letterOf(sign.to);
  if (sign.kind === "digit") plate.text = String(random.below(10));
  return sign.kind === "disc" ? disc(random, plate) : null;
}

/** A dark disc with a light digit somewhere on a plate, wherever its shape allows it. */
function disc(random: Random, plate: SceneObject): SceneObject {
  const reach = plate.sizePx * 0.17;
  const grey = random.uniform(20, 45);
  return {
    colour: plate.colour,
    shape: "circle",
    text: String(random.below(10)),
    xPx: plate.xPx + random.uniform(-reach, reach),
    yPx: plate.yPx + random.uniform(-reach, reach) + (plate.shape === "triangle" ? plate.sizePx / 8 : 0),
    sizePx: plate.sizePx * discShare,
    dotPx: plate.dotPx * discDots,
    levels: [grey, grey, grey],
    ink: random.uniform(225, 250),
  };
}
