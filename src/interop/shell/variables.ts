/** What a variable is known to hold. `notes` are the assumptions that were made for it. */
export type Value =
  | { kind: "text"; text: string; notes: readonly string[] }
  | { kind: "list"; fields: readonly Field[] }
  | { kind: "unset" }
  /** `mayHoldSpaces`: one of the values that the text gives it has blanks, so that it may come to several words. */
  | { kind: "unknown"; why: string; mayHoldSpaces: boolean };

/** One word as a program gets it. */
export interface Field {
  /** Up to the first part that is not known. */
  text: string;
  /** Why the rest is not known; null where all of it is. */
  unknown: string | null;
  /** It may be no word, or several. */
  isOpen: boolean;
  notes: readonly string[];
}

/** Set by bash itself or in every environment, so that neither an assignment nor a default determines their values. */
const special =
  /^(BASH\w*|COMP_\w+|COPROC|DIRSTACK|EPOCH\w+|E?UID|FUNCNAME|GROUPS|HIST\w+|HOME|HOST(NAME|TYPE)|IFS|LANG|LC_\w+|LINENO|LINES|COLUMNS|LOGNAME|MACHTYPE|MAPFILE|OLDPWD|OPT(ARG|ERR|IND)|OSTYPE|PATH|PIPESTATUS|POSIXLY_CORRECT|PPID|PS\d|PWD|RANDOM|REPLY|SECONDS|SHELL\w*|SHLVL|SRANDOM|TERM|TMPDIR|USER|_)$/;

export const isSpecial = (name: string): boolean => special.test(name);

/** The variables of a script at one place of it. What is absent was not set by the text: the environment may hold it. */
export class Variables {
  private values = new Map<string, Value>();
  /** Why any variable may hold anything by now; null where none may. */
  private anything: string | null = null;
  /** Why "$1" and "$@" are not known: in a function they are its arguments. */
  positional: string | null = null;
  /** "local" is an error elsewhere. */
  isInFunction = false;
  /** Why unquoted values are not split at blanks, or patterns not kept as they are. */
  splitting: string | null = null;

  copy(): Variables {
    const copied = new Variables();
    copied.values = new Map(this.values);
    copied.anything = this.anything;
    copied.positional = this.positional;
    copied.isInFunction = this.isInFunction;
    copied.splitting = this.splitting;
    return copied;
  }

  get(name: string): Value | null {
    if (isSpecial(name)) return { kind: "unknown", why: `${name} is set by the system`, mayHoldSpaces: false };
    if (/^[^A-Za-z_]/.test(name) && (!/^[1-9]/.test(name) || this.positional !== null)) {
      const why = /^\d/.test(name) && name !== "0" ? this.positional! : `$${name} is known when it runs`;
      return { kind: "unknown", why, mayHoldSpaces: false };
    }
    const value = this.values.get(name);
    if (value) return value;
    return this.anything === null ? null : { kind: "unknown", why: this.anything, mayHoldSpaces: false };
  }

  set(name: string, value: Value): void {
    this.values.set(name, value);
  }

  /** Marks the value of a variable as unknown: it may be as it was, or another. */
  forget(name: string, why: string, mayHoldSpaces: boolean): void {
    const before = this.values.get(name);
    const didHold =
      before?.kind === "list" ||
      (before?.kind === "unknown" && before.mayHoldSpaces) ||
      (before?.kind === "text" && /\s/.test(before.text));
    this.values.set(name, { kind: "unknown", why, mayHoldSpaces: mayHoldSpaces || didHold });
  }

  forgetAll(why: string): void {
    for (const name of this.values.keys()) this.forget(name, why, false);
    this.anything = why;
  }
}
