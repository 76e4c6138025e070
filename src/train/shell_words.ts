/** One command of a shell text: its words without quotes, and those with a variable that is not known. */
export interface ShellCommand {
  words: string[];
  unresolved: { word: string; variable: string }[];
}

/**
 * Splits a bash text into commands and words: quotes, line continuations, comments, variables that the text itself sets
 * (`A=b`, `export A=b`) and their defaults (`${A:-b}`). A redirection or a pipe ends a command. What a program or a
 * calculation would have to be run for (`$(...)`, backquotes, `$((...))`) is not known.
 *
 * @throws Error where a quote is not closed
 */
export function shellWords(text: string): ShellCommand[] {
  const variables = new Map<string, string>();
  const commands: ShellCommand[] = [];
  for (const raw of splitCommands(text.replaceAll("\r\n", "\n").replace(/\\\n/g, " "))) {
    const words = raw.map((word) => expand(word, variables));
    const names = words[0]?.text === "export" ? words.slice(1) : words;
    const assignments = names.map(({ text: word }) => /^(\w+)=(.*)$/s.exec(word));
    // Only where nothing follows does an assignment outlive its command.
    if (assignments.length > 0 && assignments.every((found) => found !== null)) {
      for (const [i, found] of assignments.entries())
        if (found && names[i]!.missing === null) variables.set(found[1]!, found[2]!);
      continue;
    }
    commands.push({
      words: words.map((word) => word.text),
      unresolved: words.flatMap(({ text: word, missing }) => (missing === null ? [] : [{ word, variable: missing }])),
    });
  }
  return commands;
}

/** A word as a shell takes it for one. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** A stretch of a word; in single quotes "$" is a letter like others. */
interface Piece {
  text: string;
  literal: boolean;
}

type RawWord = Piece[];

function splitCommands(text: string): RawWord[][] {
  const commands: RawWord[][] = [];
  let command: RawWord[] = [];
  let word: RawWord | null = null;
  /** What follows a pipe or a redirection belongs to other programs, up to the end of the line. */
  let isOver = false;
  const put = (piece: string, literal: boolean) => {
    word ??= [];
    word.push({ text: piece, literal });
  };
  const endWord = () => {
    if (word && !isOver) command.push(word);
    word = null;
  };
  const endCommand = () => {
    endWord();
    if (command.length > 0) commands.push(command);
    command = [];
    isOver = false;
  };
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    if (letter === "'" || letter === '"') {
      const end = closing(text, at);
      put(text.slice(at + 1, end), letter === "'");
      at = end;
    } else if (letter === "\\") put(text[++at] ?? "", true);
    else if (letter === "$" && "({".includes(text[at + 1] ?? " ")) {
      const end = balanced(text, at + 1);
      put(text.slice(at, end + 1), false);
      at = end;
    } else if (letter === "`") {
      const end = text.indexOf("`", at + 1);
      if (end < 0) throw new Error("A backquote in the command is not closed");
      put(text.slice(at, end + 1), false);
      at = end;
    } else if (letter === "#" && word === null) {
      const end = text.indexOf("\n", at);
      at = (end < 0 ? text.length : end) - 1;
    } else if (letter === "\n" || letter === ";") endCommand();
    else if (letter === "&" && text[at + 1] === "&") {
      endCommand();
      at++;
    } else if ("|<>&".includes(letter)) {
      // "2>" is a redirection too, and its number no word.
      if (word && /^\d$/.test(wordText(word))) word = null;
      endWord();
      isOver = true;
    } else if (/\s/.test(letter)) endWord();
    else put(letter, false);
  }
  endCommand();
  return commands;
}

const wordText = (word: RawWord): string => word.map((piece) => piece.text).join("");

function closing(text: string, open: number): number {
  const quote = text[open]!;
  for (let at = open + 1; at < text.length; at++) {
    if (quote === '"' && text[at] === "\\") at++;
    else if (text[at] === quote) return at;
  }
  throw new Error(`A quote (${quote}) in the command is not closed`);
}

function balanced(text: string, open: number): number {
  const pairs: Record<string, string> = { "(": ")", "{": "}" };
  const close = pairs[text[open]!]!;
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === text[open]) depth++;
    if (text[at] === close && --depth === 0) return at;
  }
  throw new Error(`A "$${text[open]}" in the command is not closed`);
}

/** A word with its variables put in; `missing` is the first that is not known, which then still stands there. */
function expand(word: RawWord, variables: ReadonlyMap<string, string>): { text: string; missing: string | null } {
  // Letters outside quotes come one by one; a variable's name is to be seen whole.
  const joined: Piece[] = [];
  for (const piece of word) {
    const last = joined.at(-1);
    if (last && last.literal === piece.literal) last.text += piece.text;
    else joined.push({ ...piece });
  }
  let missing: string | null = null;
  const text = joined.map((piece) => {
    if (piece.literal) return piece.text;
    return piece.text.replace(
      /\$\(\(?[\s\S]*\)|`[^`]*`|\$\{(\w+)(?::?-([^}]*))?\}|\$\{[^}]*\}|\$(\w+|[@*#?])/g,
      (found, braced?: string, fallback?: string, plain?: string) => {
        const value = variables.get(braced ?? plain ?? "") ?? fallback;
        if (value === undefined) missing ??= found;
        return value ?? found;
      },
    );
  });
  return { text: text.join(""), missing };
}
