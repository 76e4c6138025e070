/** Ends of steps that are looked at: an evaluation or a checkpoint now and then is part of the time that steps take. */
const remembered = 20;
/** Less than this is not worth a word. */
const leastSeconds = 5;

/** How long a run will take from here, by the time between the ends of its last steps. */
export class TimeLeft {
  readonly #ends: { step: number; atMs: number }[] = [];

  /** A step has ended. */
  made(step: number, atMs: number): void {
    this.#ends.push({ step, atMs });
    if (this.#ends.length > remembered) this.#ends.shift();
  }

  /** "about 3 min left"; empty before two steps have ended in this process, and shortly before the end. */
  text(steps: number): string {
    const [first, last] = [this.#ends[0], this.#ends.at(-1)];
    if (first === undefined || last === undefined || last.step <= first.step || last.step >= steps) return "";
    const perStepMs = (last.atMs - first.atMs) / (last.step - first.step);
    const seconds = ((steps - last.step) * perStepMs) / 1000;
    return seconds < leastSeconds ? "" : `about ${durationText(seconds)} left`;
  }
}

/** "40 s", "3 min", "1 h 20 min", "2 d 3 h": two units at most, the smaller one rounded. */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const allHours = Math.round(minutes / 60);
  const days = Math.floor(allHours / 24);
  return allHours % 24 === 0 ? `${days} d` : `${days} d ${allHours % 24} h`;
}

const barWidth = 24;

/** "[#######.................] 12/40": how much of a run is made. */
export function progressBar(made: number, steps: number): string {
  const full = Math.floor((barWidth * Math.min(made, steps)) / Math.max(1, steps));
  return `[${"#".repeat(full)}${".".repeat(barWidth - full)}] ${made}/${steps}`;
}
