import { UnknownKnob } from "../../train/config_schema.ts";
import { readEvent } from "../../train/event_schema.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { KnobName } from "../../train/knobs.ts";
import { Misfit } from "../../train/value_readers.ts";
import { formerKinds, fromFormat1 } from "./early_log.ts";
import { longestLine } from "./log_lines.ts";

/** Lines that a sentence names. */
const namedLines = 5;

/** A log with more parts than this that are none is no log: to look at each takes long. */
const mostPartsLeftOut = 1_000_000;

/** What was read of a log beside its events. */
export interface ReadLog {
  /** A sentence for each thing that a person should know of: what was left out, and where. */
  notices: string[];
  /** Parts of lines that were left out although this version knows what they should be. */
  leftOut: number;
  /** Knobs that are not as the run had them. */
  unreadKnobs: ReadonlySet<KnobName>;
}

/**
 * Reads a log line by line: one JSON event a line, a "run" event first. A last line that was cut off while it was
 * written is left out, and so are kinds of events that a later version may write.
 *
 * What else is wrong is left out and reported in a notice; or, for work on the whole of a log, nothing may
 * be left out (`strict`).
 */
export class LogReader {
  readonly #name: string;
  readonly #remedy: string;
  readonly #strict: boolean;
  readonly #mostLeftOut: number;
  #number = 0;
  #events = 0;
  /** Of the last head: a run may have been begun by an earlier version. */
  #format: 1 | 2 = 2;
  /** A line that is not JSON, forgiven where nothing follows. */
  #broken: Misfit | null = null;
  #cutOff = false;
  /** Lines of which something was left out: how many, and the first and the last of them. */
  #lineCount = 0;
  readonly #firstLines: number[] = [];
  #lastLine = 0;
  #parts = 0;
  #first: string | null = null;
  readonly #unknownKinds = new Map<string, number>();
  readonly #unknownKnobs = new Set<string>();
  readonly #unreadKnobs = new Set<KnobName>();

  /** @param remedy what to do about a file that is not a log, or about a line that is wrong */
  constructor(
    name: string,
    remedy: string,
    { strict = false, mostLeftOut = mostPartsLeftOut }: { strict?: boolean; mostLeftOut?: number } = {},
  ) {
    this.#mostLeftOut = mostLeftOut;
    this.#name = name;
    this.#remedy = remedy;
    this.#strict = strict;
  }

  /**
   * The event of the next line, null where there is none to show.
   * @param text null for a line that was too long to be kept
   * @throws Error with one sentence that names the line
   */
  line(text: string | null): TrainEvent | null {
    this.#number++;
    if (text?.trim() === "") return null;
    if (this.#broken) this.#leaveOut(this.#broken, this.#number - 1);
    this.#broken = null;
    let value: unknown;
    try {
      value = JSON.parse(text ?? "");
    } catch {
      const misfit = new NotJson(
        text === null ? `is longer than ${longestLine.toLocaleString("en")} characters` : "is not JSON",
      );
      if (this.#events === 0)
        throw new Error(`Line ${this.#number} of ${this.#name} ${misfit.message}; ${this.#remedy}`);
      if (text === null) this.#leaveOut(misfit, this.#number);
      else this.#broken = misfit;
      return null;
    }
    const event = this.#events === 0 ? this.#head(value) : this.#event(value);
    if (event) this.#events++;
    return event;
  }

  /** Parts of lines that were left out so far. */
  get leftOut(): number {
    return this.#parts;
  }

  /** Of the log, as its last head says. */
  get format(): 1 | 2 {
    return this.#format;
  }

  /** After the last line. @throws Error where there was none */
  end(): ReadLog {
    if (this.#events === 0) throw new Error(`${this.#name} is empty; ${this.#remedy}`);
    this.#cutOff = this.#broken !== null;
    return { notices: this.#notices(), leftOut: this.#parts, unreadKnobs: this.#unreadKnobs };
  }

  /** A file whose first event is not the head of a run is not a log, and nothing of it is shown. */
  #head(value: unknown): TrainEvent {
    const type =
      typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, "type")
        ? (value as { type: unknown }).type
        : undefined;
    if (typeof type !== "string")
      throw new Error(
        `Line ${this.#number} of ${this.#name} is not an event of a run (it has no "type"); ${this.#remedy}`,
      );
    if (type !== "run")
      throw new Error(
        `${this.#name} does not begin with a "run" event but with "${type.slice(0, 40)}"; ${this.#remedy}`,
      );
    this.#expectFormat(value);
    try {
      return this.#read(value, this.#number)!;
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      throw new Error(
        `Line ${this.#number} of ${this.#name} is not the head of a run (${error.message}); ${this.#remedy}`,
      );
    }
  }

  #event(value: unknown): TrainEvent | null {
    const number = this.#number;
    try {
      this.#expectFormat(value);
      const event = this.#read(value, number);
      const { type } = value as { type: string };
      if (event === null && !(this.#format === 1 && formerKinds.includes(type))) {
        const kind = type.slice(0, 40);
        this.#unknownKinds.set(kind, (this.#unknownKinds.get(kind) ?? 0) + 1);
      }
      return event;
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      this.#leaveOut(error, number);
      return null;
    }
  }

  #expectFormat(value: unknown): void {
    const { type, format } = (value ?? {}) as { type?: unknown; format?: unknown };
    if (type !== "run") return;
    if (format !== 1 && format !== 2)
      throw new Error(
        `${this.#name} has log format ${JSON.stringify(format)?.slice(0, 40)}, this version reads 1 and 2; open it with the Saccade that wrote it`,
      );
    this.#format = format;
  }

  /** Null for a kind that this version does not know. @throws Misfit */
  #read(value: unknown, number: number): TrainEvent | null {
    const leaveOut = (misfit: Misfit) => this.#leaveOut(misfit, number);
    if (this.#format !== 1) return readEvent(value, leaveOut);
    const isHead = (value as { type?: unknown } | null)?.type === "run";
    const event = readEvent(isHead ? { ...(value as object), format: 2 } : value, leaveOut);
    return event && fromFormat1(event);
  }

  #leaveOut(misfit: Misfit, number: number): void {
    const knob = /^config\.(\w+)$|^changes\.(\w+)$/.exec(misfit.path);
    if (misfit instanceof UnknownKnob) {
      this.#unknownKnobs.add(misfit.path.slice(misfit.path.indexOf(".") + 1));
      return;
    }
    const where = `line ${number}${misfit instanceof NotJson ? " " : ", "}${misfit.message}`;
    if (this.#strict) throw new Error(`${this.#name}, ${where}; ${this.#remedy}`);
    if (knob) this.#unreadKnobs.add((knob[1] ?? knob[2]) as KnobName);
    if (number !== this.#lastLine) {
      this.#lineCount++;
      if (this.#firstLines.length < namedLines) this.#firstLines.push(number);
    }
    this.#lastLine = number;
    this.#first ??= where;
    if (++this.#parts > this.#mostLeftOut)
      throw new Error(
        `${this.#name} has more than ${this.#mostLeftOut.toLocaleString("en")} parts that are not what a run writes, first ${this.#first}; ${this.#remedy}`,
      );
  }

  #notices(): string[] {
    const notices: string[] = [];
    const shown = `${this.#events.toLocaleString("en")} ${this.#events === 1 ? "event is" : "events are"} shown`;
    if (this.#cutOff) notices.push(`The last line of ${this.#name} is cut off; ${shown}`);
    if (this.#parts > 0) {
      const lines = this.#firstLines;
      const others = this.#lineCount - namedLines;
      const named =
        lines.length === 1
          ? `line ${lines[0]}`
          : `lines ${lines.join(", ")}${others > 0 ? ` and ${others.toLocaleString("en")} more` : ""}`;
      const parts = this.#parts === 1 ? "1 part" : `${this.#parts.toLocaleString("en")} parts`;
      notices.push(
        `Left out of ${this.#name}, since they are not what a run writes: ${parts} in ${named}; first ${this.#first}; ${shown}`,
      );
    }
    const kinds = [...this.#unknownKinds].map(([kind, count]) => `${count} × "${kind}"`);
    const knobs = [...this.#unknownKnobs].map((name) => `"${name}"`);
    const newer = [
      ...(kinds.length > 0 ? [`events ${listed(kinds)}`] : []),
      ...(knobs.length > 0 ? [`settings ${listed(knobs)}`] : []),
    ];
    if (newer.length > 0)
      notices.push(
        `${this.#name} has what this version does not know, as a later one may write it, and it is left out: ${newer.join("; ")}`,
      );
    return notices;
  }
}

/**
 * The events of a run's log, line by line. A last line that was cut off while it was written is left out; of the rest
 * nothing may be, since what is made of it would pass for the whole run.
 * @param name  of the log, for errors
 * @throws Error with one sentence where a line is not an event, or where the log is not that of a training run
 */
export async function* eventsOf(
  lines: AsyncIterable<string | null> | Iterable<string | null>,
  name: string,
): AsyncGenerator<TrainEvent> {
  const reader = new LogReader(name, "choose the folder that train wrote, or remove the line", { strict: true });
  for await (const line of lines) {
    const event = reader.line(line);
    if (event) yield event;
  }
  reader.end();
}

/** A line of which nothing can be read. */
class NotJson extends Misfit {
  constructor(what: string) {
    super("", "", null);
    this.message = what;
  }
}

const listed = (names: readonly string[]): string =>
  names.length <= namedLines
    ? names.join(", ")
    : `${names.slice(0, namedLines).join(", ")} and ${names.length - namedLines} more`;
