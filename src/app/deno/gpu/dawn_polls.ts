/**
 * Dawn for Node looks for finished work through `setImmediate`, as fast as it is called and with a new native function
 * each time. Deno releases such functions in batches whose cost grows with the square of their number: a wait of
 * seconds held the main thread for minutes (LOG.md). Here it looks often at first and ever more rarely then.
 */
type Immediate = (work: (...values: unknown[]) => void, ...values: unknown[]) => unknown;

/** The clock and the waits; tests give their own. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Calls back as soon as other work was let through. */
  soon(work: () => void): void;
  /** Calls back after about this many milliseconds, at least one. */
  later(work: () => void, ms: number): void;
}

/** Pauses between polls, as a share of the wait so far: what polling adds to it at most. */
const shareOfWait = 0.02;
/** Longest pause, however long the wait. */
const longestPauseMs = 10;

/** Decides when Dawn's next look is due. */
export class DawnPolls {
  readonly #clock: Clock;
  #waitingSinceMs: number;
  #looking = false;
  /** The look that a timer will bring. */
  #sleeping: (() => void) | null = null;
  /** Looks so far. */
  count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#waitingSinceMs = clock.now();
  }

  /** Something new is waited for: it may be done at once. */
  begin(): void {
    this.#waitingSinceMs = this.#clock.now();
    const sleeping = this.#sleeping;
    this.#sleeping = null;
    if (sleeping) this.#clock.soon(sleeping);
  }

  /** Calls `look` when it is due. */
  schedule(look: () => void): void {
    // Not asked for by the previous poll: a new wait begins.
    if (!this.#looking) this.begin();
    const asked = this.#clock.now();
    const pauseMs = Math.min(longestPauseMs, shareOfWait * (asked - this.#waitingSinceMs));
    const when = asked + pauseMs;
    const run = () => {
      this.count++;
      this.#looking = true;
      try {
        look();
      } finally {
        this.#looking = false;
      }
    };
    // Timers know whole milliseconds only; a shorter pause is passed by turns of the event loop, which cost little.
    const wait = () => {
      if (this.#clock.now() >= when || this.#waitingSinceMs > asked) run();
      else this.#clock.soon(wait);
    };
    if (pauseMs < 1) {
      this.#clock.soon(wait);
      return;
    }
    this.#sleeping = run;
    this.#clock.later(() => {
      // Unless a wait that began since has brought it already.
      if (this.#sleeping !== run) return;
      this.#sleeping = null;
      run();
    }, pauseMs);
  }
}

/** The names of Dawn's classes and methods that begin a wait. */
const waits: readonly (readonly [string, string])[] = [
  ["GPUBuffer", "mapAsync"],
  ["GPUQueue", "onSubmittedWorkDone"],
  ["GPUDevice", "popErrorScope"],
  ["GPUDevice", "createComputePipelineAsync"],
];

const isNative = (work: unknown): boolean =>
  /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(work));

/**
 * Puts the pauses between Dawn's looks, in this process and once. Others' immediates stay as they are.
 * @param classes  what npm `webgpu` exports as `globals`
 */
export function pauseDawnPolls(classes: Record<string, unknown>): DawnPolls {
  const scope = globalThis as unknown as { setImmediate: Immediate; [installed]?: DawnPolls };
  const before = scope[installed];
  if (before) return before;
  const immediate = scope.setImmediate;
  const polls = new DawnPolls({
    now: () => performance.now(),
    soon: (work) => immediate(work),
    later: (work, ms) => setTimeout(work, ms),
  });
  scope.setImmediate = (work, ...values) =>
    values.length === 0 && isNative(work) ? polls.schedule(work) : immediate(work, ...values);
  for (const [name, method] of waits) {
    const { prototype } = classes[name] as { prototype: Record<string, (...values: unknown[]) => unknown> };
    const original = prototype[method]!;
    prototype[method] = function (this: unknown, ...values) {
      polls.begin();
      return original.apply(this, values);
    };
  }
  scope[installed] = polls;
  return polls;
}

const installed = Symbol.for("saccade.dawnPolls");
