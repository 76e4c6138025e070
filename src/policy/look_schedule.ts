/** Tokens between two looks of the host where nothing is known of a turn: rows that have ended drop out at a look. */
const tokensPerLook = 8;

/** At most so many, whatever is expected: a person waits for a sign of life. */
const mostPerLook = 32;

/**
 * A look may come so much later than the end of all rows, in time: what is computed until then is padding. Tokens that are
 * submitted before a look is read need only outlast its way to the host.
 */
const latestMs = 40;
const lookMs = 8;

/** Tokens after which half of the rows of a turn had ended, and all. */
interface Lengths {
  half: number;
  all: number;
}

/** Tokens before the first look of a turn: halves that end nearly together are worth one look. */
const firstLook = ({ half, all }: Lengths): number => (half > 0.75 * all ? all : half);

/**
 * When the host looks at what was sampled. Each look is a wait, and a row that has ended is computed as padding until the
 * next one; no bit depends on either. A turn usually lasts as long as the same turn of the step before, so the first look
 * comes where half of its rows had ended then.
 */
export class LookSchedule {
  /** By turn, counted from 0. */
  readonly #lengths = new Map<number, Lengths>();
  /** Milliseconds of a token of all rows; 0 until it is known. */
  #tokenMs = 0;

  /**
   * @param ahead  whether tokens are submitted before the look before them has been read, so that the GPU does not wait
   *   for the host; an adapter that computes on the CPU has nothing to gain and computes padding
   */
  constructor(readonly ahead: boolean) {}

  /** Looks that may be under way. */
  get depth(): number {
    return this.ahead ? 2 : 1;
  }

  /** Tokens that are sampled behind a prompt before the first turn is asked for. @param most  that there is room for */
  headStart(most: number): number {
    if (!this.ahead) return 0;
    const known = this.#lengths.get(0);
    // The prefill has sampled one already.
    const wanted = known ? Math.min(firstLook(known), mostPerLook) - 1 : tokensPerLook;
    return Math.max(0, Math.min(wanted, most));
  }

  /** Whether so many tokens of a turn are worth a look before others are submitted. */
  isDue(turn: number, count: number): boolean {
    const known = this.#lengths.get(turn);
    return !this.ahead || (known !== undefined && count >= firstLook(known));
  }

  /** Tokens until the next look, where `count` were sampled in the turn. @param isAhead  another look is still under way */
  until(turn: number, count: number, isAhead: boolean): number {
    const known = this.ahead ? this.#lengths.get(turn) : undefined;
    if (!known) return tokensPerLook;
    const first = firstLook(known);
    const target = count < first ? first : count < known.all ? known.all : count + tokensPerLook;
    // Large models take milliseconds a token, small ones a tenth of one.
    const within = (ms: number, least: number, most: number) =>
      this.#tokenMs === 0 ? most : Math.max(least, Math.min(Math.floor(ms / this.#tokenMs), most));
    const most = isAhead
      ? within(lookMs, 1, tokensPerLook)
      : count < first
        ? mostPerLook
        : within(latestMs, tokensPerLook, mostPerLook);
    return Math.min(target - count, most);
  }

  /** So many tokens took so long, from one look to the next. */
  paced(tokens: number, ms: number): void {
    const tokenMs = ms / tokens;
    this.#tokenMs = this.#tokenMs === 0 ? tokenMs : (this.#tokenMs + tokenMs) / 2;
  }

  /** Whether rows are expected to write on after so many tokens of a turn: if not, nothing is submitted before a look. */
  expectsMore(turn: number, count: number): boolean {
    return count < (this.#lengths.get(turn)?.all ?? Number.POSITIVE_INFINITY);
  }

  /** A turn is over. @param lengths  tokens of each row */
  learn(turn: number, lengths: readonly number[]): void {
    const sorted = [...lengths].sort((a, b) => a - b);
    const half = sorted[Math.floor((sorted.length - 1) / 2)];
    const all = sorted.at(-1);
    if (half !== undefined && all !== undefined) this.#lengths.set(turn, { half, all });
  }
}
