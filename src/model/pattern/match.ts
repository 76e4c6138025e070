import { type Instruction, PatternError, type Program } from "./pattern.ts";

/** Steps that are left for a text; shared by all that is tried on it. */
export interface Budget {
  left: number;
}

/** Where a match ends, and begins and ends of its groups (-1: took no part); null where there is none. */
export interface Match {
  end: number;
  slots: number[];
}

/**
 * The first way through a program from a place of a text on.
 * @param end  where it has to end, if anywhere
 * @throws PatternError where the budget is used up
 */
export function matchAt(
  program: Program,
  points: readonly number[],
  start: number,
  budget: Budget,
  end?: number,
): Match | null {
  const slots = new Array<number>(program.groups * 2).fill(-1);
  const reached = run(program, points, start, budget, slots, end);
  return reached === null ? null : { end: reached, slots };
}

function run(
  program: Program,
  points: readonly number[],
  start: number,
  budget: Budget,
  slots: number[],
  end?: number,
): number | null {
  const { instructions } = program;
  const tried = triedOf(program, points.length);
  try {
    // Pairs of instruction and place; below zero a slot and what it held, to be put back.
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
        const one = instructions[pc]!;
        switch (one.do) {
          case "character":
            if (at >= points.length || !one.test(points[at]!)) break path;
            at++;
            pc++;
            break;
          case "place":
            if (!one.test(points, at)) break path;
            pc++;
            break;
          case "jump":
            pc = one.to;
            break;
          case "split":
            // Between two of these there is but one way on, so that these alone need be remembered.
            if (!tried.isNew(pc, at)) break path;
            stack.push(one.second, at);
            pc = one.first;
            break;
          case "save":
            // Groups inside of a look or an atomic part have slots of the whole pattern.
            if (one.slot < slots.length) {
              stack.push(-one.slot - 1, slots[one.slot]!);
              slots[one.slot] = at;
            }
            pc++;
            break;
          case "look":
            if (looks(one, points, at, budget, slots) === one.negated) break path;
            pc++;
            break;
          case "atomic": {
            const reached = run(one.program, points, at, budget, slots);
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
    tried.forget();
  }
}

/** Pairs of an instruction and a place that were tried: a bit for each, and which words hold any. */
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
    const before = this.#bits[word]!;
    if (before & bit) return false;
    if (before === 0) this.#used.push(word);
    this.#bits[word] = before | bit;
    return true;
  }

  forget(): void {
    for (const word of this.#used) this.#bits[word] = 0;
    this.#used.length = 0;
  }
}

/** 64 MiB. */
const maxTriedWords = 2 ** 24;

/** Made once for a program and texts of a length; no program is entered while it runs. */
const kept = new WeakMap<Program, Tried>();

function triedOf(program: Program, length: number): Tried {
  const known = kept.get(program);
  if (known && known.length === length) return known;
  const made = new Tried(program.instructions.length, length);
  kept.set(program, made);
  return made;
}

function looks(
  { program, behind, least, most }: Instruction & { do: "look" },
  points: readonly number[],
  at: number,
  budget: Budget,
  slots: number[],
): boolean {
  if (!behind) return run(program, points, at, budget, slots) !== null;
  for (let from = at - least; from >= Math.max(0, at - most); from--)
    if (run(program, points, from, budget, slots, at) !== null) return true;
  return false;
}
