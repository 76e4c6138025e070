import { type Instruction, PatternError, type Program } from "./pattern.ts";

/** Steps that are left for a text; shared by all that is tried on it. */
export interface Budget {
  left: number;
}

/** A text in code points. */
export interface MatchedText {
  points: readonly number[];
  budget: Budget;
}

/** Where a match ends, and begins and ends of its groups (-1: took no part). */
export interface Match {
  end: number;
  slots: number[];
}

/**
 * The first way through a program from a place of a text on; null where there is none.
 * @param end  where it has to end, if anywhere
 * @throws PatternError where the budget is used up
 */
export function matchAt(program: Program, text: MatchedText, start: number, end?: number): Match | null {
  const slots = new Array<number>(program.groups * 2).fill(-1);
  const reached = run(program, { ...text, slots }, start, end);
  return reached === null ? null : { end: reached, slots };
}

/** @param text  with the groups of the whole pattern, which are set on the way */
function run(program: Program, text: MatchedText & { slots: number[] }, start: number, end?: number): number | null {
  const { instructions } = program;
  const { points, budget, slots } = text;
  const tried = triedOf(program, points.length);
  try {
    // Pairs of instruction and place; below zero a slot and the value to restore in it.
    const stack: number[] = [0, start];
    while (stack.length > 0) {
      let at = stack.pop()!;
      let pc = stack.pop()!;
      if (pc < 0) {
        slots[-pc - 1] = at;
        continue;
      }
      path: for (;;) {
        if (--budget.left < 0) throw new PatternError("it takes too long on this text");
        // A program ends with "match", so that pc stays within it.
        const one = instructions[pc]!;
        switch (one.do) {
          case "character": {
            const point = points[at];
            if (point === undefined || !one.test(point)) break path;
            at++;
            pc++;
            break;
          }
          case "place":
            if (!one.test(points, at)) break path;
            pc++;
            break;
          case "jump":
            pc = one.to;
            break;
          case "split":
            // Between two splits there is one way on, so that only they need be remembered.
            if (!tried.isNew(pc, at)) break path;
            stack.push(one.second, at);
            pc = one.first;
            break;
          case "save": {
            // Groups inside of a look or an atomic part have slots of the whole pattern.
            const before = slots[one.slot];
            if (before !== undefined) {
              stack.push(-one.slot - 1, before);
              slots[one.slot] = at;
            }
            pc++;
            break;
          }
          case "look":
            if (looks(one, text, at) === one.negated) break path;
            pc++;
            break;
          case "atomic": {
            const reached = run(one.program, text, at);
            if (reached === null) break path;
            at = reached;
            pc++;
            break;
          }
          case "match":
            if (end !== undefined && at !== end) break path;
            return at;
        }
      }
    }
    return null;
  } finally {
    tried.clear();
  }
}

/** Pairs of an instruction and a place that were tried: a bit for each, and the words with any bit set. */
class Tried {
  readonly #bits: Uint32Array;
  readonly #words: number;
  readonly #used: number[] = [];

  constructor(
    instructions: number,
    readonly length: number,
  ) {
    this.#words = Math.ceil(instructions / 32);
    const words = this.#words * (length + 1);
    if (words > maxTriedWords) throw new PatternError("it is too long for this text");
    this.#bits = new Uint32Array(words);
  }

  isNew(pc: number, at: number): boolean {
    const word = at * this.#words + (pc >>> 5);
    const bit = 1 << (pc & 31);
    const before = this.#bits[word] ?? 0;
    if (before & bit) return false;
    if (before === 0) this.#used.push(word);
    this.#bits[word] = before | bit;
    return true;
  }

  clear(): void {
    for (const word of this.#used) this.#bits[word] = 0;
    this.#used.length = 0;
  }
}

/** 64 MiB. */
const maxTriedWords = 2 ** 24;

/** One for a program and texts of a length, used again: no program is entered while it runs. */
const cached = new WeakMap<Program, Tried>();

function triedOf(program: Program, length: number): Tried {
  const known = cached.get(program);
  if (known && known.length === length) return known;
  const tried = new Tried(program.instructions.length, length);
  cached.set(program, tried);
  return tried;
}

function looks(
  { program, behind, least, most }: Instruction & { do: "look" },
  text: MatchedText & { slots: number[] },
  at: number,
): boolean {
  if (!behind) return run(program, text, at) !== null;
  for (let from = at - least; from >= Math.max(0, at - most); from--)
    if (run(program, text, from, at) !== null) return true;
  return false;
}
