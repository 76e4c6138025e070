/**
 * Regular expressions from untrusted files, matched without the risk of a runtime's own engine, which backtracks over
 * every way through a text, exponentially many in `(a+)+b`. Here each pair of a place in the pattern and a place in the
 * text is tried once, and steps are counted. Parsers for two dialects make the parts:
 * python_pattern.ts (PEFT) and src/policy/split_pattern.ts (tokenizers).
 */

export type Part =
  | { kind: "character"; test: (point: number) => boolean }
  | { kind: "sequence"; parts: Part[] }
  | { kind: "choice"; options: Part[] }
  /** `most` may be infinite. */
  | { kind: "repeat"; part: Part; least: number; most: number; isGreedy: boolean }
  /** Once matched, no other way through it is tried. */
  | { kind: "atomic"; part: Part }
  | { kind: "look"; part: Part; behind: boolean; negated: boolean }
  | { kind: "group"; part: Part; group: number }
  | { kind: "place"; test: (points: readonly number[], at: number) => boolean };

/** What is wrong with a pattern, for a sentence that names its file. */
export class PatternError extends Error {}

export type Instruction =
  | { do: "character"; test: (point: number) => boolean }
  | { do: "place"; test: (points: readonly number[], at: number) => boolean }
  | { do: "jump"; to: number }
  /** `first` is tried before `second`. */
  | { do: "split"; first: number; second: number }
  | { do: "save"; slot: number }
  | { do: "look"; program: Program; behind: boolean; negated: boolean; least: number; most: number }
  | { do: "atomic"; program: Program }
  | { do: "match" };

export interface Program {
  instructions: Instruction[];
  groups: number;
}

const maxInstructions = 20_000;
const maxGroups = 1000;

/** @throws PatternError where repetitions make it too long */
export function compile(part: Part): Program {
  const size = { left: maxInstructions };
  const program = compilePart(part, size);
  program.groups = groupsIn(part) + 1;
  if (program.groups > maxGroups) throw new PatternError(`it has more than ${maxGroups} groups`);
  return program;
}

function compilePart(root: Part, size: { left: number }): Program {
  const instructions: Instruction[] = [];
  const add = (instruction: Instruction): number => {
    if (--size.left < 0)
      throw new PatternError(`it is too long, its repetitions written out (${maxInstructions} parts)`);
    return instructions.push(instruction) - 1;
  };
  const emit = (part: Part): void => {
    switch (part.kind) {
      case "character":
        add({ do: "character", test: part.test });
        break;
      case "place":
        add({ do: "place", test: part.test });
        break;
      case "sequence":
        for (const one of part.parts) emit(one);
        break;
      case "choice":
        emitChoice(part.options);
        break;
      case "group":
        add({ do: "save", slot: part.group * 2 });
        emit(part.part);
        add({ do: "save", slot: part.group * 2 + 1 });
        break;
      case "atomic":
        add({ do: "atomic", program: compilePart(part.part, size) });
        break;
      case "look": {
        const [least, most] = part.behind ? widthOf(part.part) : [0, 0];
        const { behind, negated } = part;
        add({ do: "look", program: compilePart(part.part, size), behind, negated, least, most });
        break;
      }
      case "repeat":
        emitRepeat(part);
    }
  };
  const emitChoice = (options: readonly Part[]): void => {
    const ends: number[] = [];
    for (const [i, option] of options.entries()) {
      if (i === options.length - 1) {
        emit(option);
        break;
      }
      const split = add({ do: "split", first: instructions.length + 1, second: 0 });
      emit(option);
      ends.push(add({ do: "jump", to: 0 }));
      (instructions[split] as { second: number }).second = instructions.length;
    }
    for (const end of ends) (instructions[end] as { to: number }).to = instructions.length;
  };
  const emitRepeat = ({ part, least, most, isGreedy }: Part & { kind: "repeat" }): void => {
    const split = (): number => add({ do: "split", first: 0, second: 0 });
    const set = (at: number, inside: number, after: number): void => {
      instructions[at] = {
        do: "split",
        ...(isGreedy ? { first: inside, second: after } : { first: after, second: inside }),
      };
    };
    for (let i = 0; i < least; i++) {
      const before = instructions.length;
      emit(part);
      // A part without instructions matches nothing, however often it is repeated.
      if (instructions.length === before) return;
    }
    if (most === Number.POSITIVE_INFINITY) {
      const loop = split();
      emit(part);
      add({ do: "jump", to: loop });
      set(loop, loop + 1, instructions.length);
      return;
    }
    const splits: number[] = [];
    for (let i = least; i < most; i++) {
      splits.push(split());
      emit(part);
    }
    for (const at of splits) set(at, at + 1, instructions.length);
  };
  emit(root);
  add({ do: "match" });
  return { instructions, groups: 0 };
}

function groupsIn(part: Part): number {
  switch (part.kind) {
    case "group":
      return Math.max(part.group, groupsIn(part.part));
    case "sequence":
      return part.parts.reduce((most, one) => Math.max(most, groupsIn(one)), 0);
    case "choice":
      return part.options.reduce((most, one) => Math.max(most, groupsIn(one)), 0);
    case "repeat":
    case "atomic":
    case "look":
      return groupsIn(part.part);
    default:
      return 0;
  }
}

/** Fewest and most characters that a part can match. */
export function widthOf(part: Part): [number, number] {
  switch (part.kind) {
    case "character":
      return [1, 1];
    case "sequence":
      return part.parts.map(widthOf).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    case "choice": {
      const widths = part.options.map(widthOf);
      return [Math.min(...widths.map(([w]) => w)), Math.max(...widths.map(([, w]) => w))];
    }
    case "repeat": {
      const [least, most] = widthOf(part.part);
      return [least * part.least, most === 0 || part.most === 0 ? 0 : most * part.most];
    }
    case "group":
    case "atomic":
      return widthOf(part.part);
    default:
      return [0, 0];
  }
}
