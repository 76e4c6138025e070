import type { Random } from "../random.ts";
import { objectBox, objectName, randomScene, targetOf } from "../scenes/scene.ts";
import { shapesOf, type World } from "./world.ts";

const sidePx = 512;

/** Short words, so that what is read is not one of ten answers. */
export const words = (
  "ACE ACT AIR ANT APE ARM ART ASH BAG BAR BAT BED BEE BIG BIT BOX BUS CAB CAN CAP CAR CAT COD COW CUP CUT DAY DIG DOG DOT " +
  "EAR EEL EGG ELF ELK ELM END EYE FAN FAR FIG FIN FIR FIT FLY FOG FOX FUN GAP GAS GEM GUM HAM HAT HAY HEN HIP HIT HOP HUT " +
  "ICE INK IVY JAM JAR JAW JET JOB JOY JUG KEY KID KIT LAB LEG LID LIP LOG MAP MAT MIX MOP MUD MUG NET NUT OAK OAR OIL OWL " +
  "OWN PAN PAW PEA PEN PET PIE PIG PIN POT RAM RAT RAY RED RIB ROD ROW RUG SAW SEA SKI SKY SUN TAP TAR TEA TEN TIE TIN TOE " +
  "TOP TOY TUB URN VAN VET VOW WAX WEB WIG WIT YAK YAM YES YEW ZAP ZIP ZOO"
).split(" ");

/** Close-ups of one object and of two, large enough for the 17 dots of three letters. */
const closeUps = [
  { objects: 1, sizeMinPx: 190, sizeMaxPx: 300, dotPx: 9.5 },
  { objects: 2, sizeMinPx: 170, sizeMaxPx: 220, dotPx: 8.5 },
] as const;

export const randomWord = (random: Random): string => words[random.below(words.length)]!;

/** One zoom, and letters: a word on one of the shapes. */
export const read: World = {
  name: "read",
  label: "Read",
  line: "What word is on one of the shapes? Its letters are too small to read, so one zoom is needed.",
  sidePx,
  mostZooms: () => 1,
  problem({ random, settings, ground, easy }) {
    const closeUp = closeUps[random.below(closeUps.length)]!;
    const scene = randomScene(random, {
      ...(easy ? closeUp : shapesOf(settings)),
      sidePx,
      ground,
      text: randomWord,
    });
    const target = targetOf(scene);
    const name = objectName(target);
    return {
      scene,
      question: wordQuestion(name),
      answer: target.text,
      goldBoxSourcePx: objectBox(target),
      zooms: [{ imageIndex: 0, target, label: name }],
    };
  },
};

export const wordQuestion = (name: string): string => `What word is on the ${name}?`;
