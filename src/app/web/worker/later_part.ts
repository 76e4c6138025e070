/** Methods that answer with promises, and nothing else that another file may read. */
type Asked<Api> = {
  [Name in keyof Api]: Api[Name] extends (...given: never[]) => Promise<unknown> ? Api[Name] : never;
};

/** A part of the worker that is fetched with the first question to it: most visits need few of them. */
export class LaterPart<Part extends object> {
  /** Null until it has been asked for. */
  opened: Part | null = null;
  readonly #load: () => Promise<Part>;
  #opening: Promise<Part> | null = null;

  /** @param load  imports it and makes one */
  constructor(load: () => Promise<Part>) {
    this.#load = load;
  }

  /** @throws Error in one sentence where it cannot be fetched; the next question tries again */
  get(): Promise<Part> {
    this.#opening ??= this.#load().then(
      (part) => {
        this.opened = part;
        return part;
      },
      (error: Error) => {
        this.#opening = null;
        throw new Error(`A part of the page could not be fetched (${error.message}); reload the page`);
      },
    );
    return this.#opening;
  }

  /** Resolves when no question to it waits for its code. */
  async settled(): Promise<void> {
    await this.#opening?.catch(() => {});
  }

  /** Its methods, in the order in which they are called. */
  api<Api extends object>(this: LaterPart<Part & Api>): Asked<Api> {
    return new Proxy({} as Asked<Api>, {
      get: (_, name) => {
        // What is thenable would be awaited itself.
        if (typeof name === "symbol" || name === "then") return undefined;
        return async (...given: unknown[]) => {
          // Without a turn of the queue where it is there: what is asked next comes after it.
          const part = this.opened ?? (await this.get());
          const method = part[name as keyof typeof part] as (...given: unknown[]) => unknown;
          return method.apply(part, given);
        };
      },
    });
  }
}
