/** A statement of the form that was asked for, where it stands, and what it says. */
interface Statement {
  start: number;
  end: number;
  right: boolean;
}

/** Marks around thoughts, by serving program. The last: a harmony stream that was not parsed. */
const thoughtTags: readonly [open: RegExp, close: RegExp][] = [
  [
    /<\s{0,3}(?:seed:)?(?:think(?:ing)?|thoughts?|reasoning|analysis|reflection|scratchpad)\s{0,3}>/gi,
    /<\s{0,3}\/\s{0,3}(?:seed:)?(?:think(?:ing)?|thoughts?|reasoning|analysis|reflection|scratchpad)\s{0,3}>/gi,
  ],
  [/\[THINK\]/g, /\[\/THINK\]/g],
  [/◁think▷/g, /◁\/think▷/g],
  [/<\|channel\|>\s*(?:analysis|commentary)/g, /<\|channel\|>\s*final\s*<\|message\|>/g],
];

/** What servers leave of a chat template around a reply. */
const templateMarks = /<\|[a-z_]+\|>|<\/?s>|<end_of_turn>/gi;
/** Tags around a reply that carry no meaning. */
const emptyTags = /<\/?(?:answer|final|output|response|result|json)>/gi;

/**
 * The verdict in a reply, null where it holds none. A reply is a verdict where it states one, in the form that was asked
 * for, as its own last word: the whole reply is that JSON, or a statement of the form stands on a line of its own or
 * ends the reply after a finished sentence. What stands in a thought, is quoted, considered, denied, made to depend on
 * something, or followed by second thoughts is none. In doubt the result is null: a rollout without a verdict
 * is left out, while a wrongly read verdict would be trained on.
 */
export function verdictInText(reply: string): boolean | null {
  const said = withoutThoughts(reply.normalize("NFKC").replace(/\p{Cf}/gu, ""));
  if (said === null) return null;
  const text = lastPart(said.replace(templateMarks, " ").replace(emptyTags, " ").trim());
  const whole = bareJson(text);
  if (typeof whole === "string") return verdictInText(whole);
  if (whole !== undefined) return verdictOf(whole);
  const alone = /^[\W_]*verdict[\s*_"`':=]+([01])[\s*_"`'.!]*$/i.exec(text);
  if (alone && !text.includes("?") && !text.includes("{")) return alone[1] === "1";
  const statements = statementsIn(text);
  const own = statements.filter((one) => isOwnWord(text, one, statements));
  const last = own.at(-1);
  if (last === undefined || last !== statements.at(-1) || !endsTheMatter(text.slice(last.end))) return null;
  // "VERDICT: 1, VERDICT: 0" with nothing said between them repeats the choice that was asked for.
  const before = own.at(-2);
  if (before && before.right !== last.right && !/[\p{L}\p{N}]/u.test(text.slice(before.end, last.start))) return null;
  return last.right;
}

/** Characters behind the thoughts that are looked at, from the end: a verdict takes one line. */
const lookedAt = 4000;

/** The end of a long text, from the beginning of a line; of a single longer line, marked so that its beginning is not taken for the start of a statement. */
function lastPart(text: string): string {
  if (text.length <= lookedAt) return text;
  const end = text.slice(-lookedAt);
  const line = end.indexOf("\n");
  return line < 0 ? `goes on ${end}` : end.slice(line + 1).trim();
}

/** What stands behind the last thought; null where a thought has begun and not ended. */
function withoutThoughts(text: string): string | null {
  let rest = text;
  for (const [open, close] of thoughtTags) {
    const lastClose = [...rest.matchAll(close)].at(-1);
    if (lastClose) rest = rest.slice(lastClose.index + lastClose[0].length);
    if (rest.search(open) >= 0) return null;
  }
  return rest;
}

/** The value of a text that is JSON as a whole, in a fence or quotes or not; undefined where it is not. */
function bareJson(text: string): unknown {
  const inFence = /^(`{3,}|~{3,})[\w+-]*\s*([\s\S]*?)\s*\1$/.exec(text);
  for (const candidate of [text, inFence?.[2], /^`([\s\S]*)`$/.exec(text)?.[1]]) {
    if (candidate === undefined || contradictsItself(candidate)) continue;
    const value = readObject(candidate.trim());
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The same key with two values: JSON would take the last. */
const contradictsItself = (text: string): boolean =>
  new Set([...text.matchAll(/(?<!\\)"verdict"\s*:\s*"?(\w+)/gi)].map(([, said = ""]) => said.toLowerCase())).size > 1;

/** JSON, or an object as Python or a hasty model writes it. */
function readObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const loose =
      /^[[{(]?\{\s*['"“”]?verdict['"“”]?\s*[:=]\s*['"“”]?([01](?:\.0+)?|true|false)['"“”]?\s*[,;]?\s*\}[\])}]?$/i.exec(
        text,
      );
    return loose ? { verdict: loose[1] } : undefined;
  }
}

/** The verdict of a JSON value, null where it has none: an object with the field, alone in a list or in another object. */
function verdictOf(value: unknown, depth = 0): boolean | null {
  if (typeof value === "string") {
    // JSON in a string: some servers encode twice.
    const inner = depth === 0 && value.includes("{") ? readObject(value.trim()) : undefined;
    return inner === undefined ? null : verdictOf(inner, 1);
  }
  if (typeof value !== "object" || value === null || depth > 2) return null;
  if (Array.isArray(value)) {
    const [first = null, ...others] = value.map((one) => verdictOf(one, depth + 1));
    return others.every((one) => one === first) ? first : null;
  }
  const fields = Object.entries(value);
  const named = fields.filter(([name]) => name.trim().toLowerCase() === "verdict");
  if (named.length === 1) return verdictValue(named[0]![1]);
  // The question or the form itself, repeated.
  if (fields.some(([name]) => /candidate|reference|question|input|example|schema|form\b/i.test(name))) return null;
  return named.length === 0 && fields.length === 1 ? verdictOf(fields[0]![1], depth + 1) : null;
}

function verdictValue(value: unknown): boolean | null {
  if (typeof value === "boolean") return value;
  const text = String(value).trim().toLowerCase();
  if (/^(?:1(?:\.0+)?|true)$/.test(text)) return true;
  return /^(?:0(?:\.0+)?|false)$/.test(text) ? false : null;
}

const inWords =
  /(?<![\p{L}\p{N}])verdict[\s"'“”‘’*_`~]*(?::|=>?|->|→|\bis\b|[-–—])[\s"'“”‘’*_`~]*(?:\$?\\boxed\{|[([])?([01](?:\.0+)?|true|false)(?![\p{L}\p{N}_%/])(?![.,]\d)/giu;
const inTags = /<verdict>\s*([01]|true|false)\s*<\/verdict>/gi;

/** Every statement of the form, in order: JSON objects first, and plain text where no object holds it. */
function statementsIn(text: string): Statement[] {
  const found: Statement[] = [];
  for (let start = text.indexOf("{"); start >= 0; start = text.indexOf("{", start + 1)) {
    if (found.some((one) => start < one.end)) continue;
    const end = endOfObject(text, start);
    if (end === null) continue;
    const source = text.slice(start, end);
    const value = contradictsItself(source) ? undefined : readObject(source);
    const right = value === undefined ? null : verdictOf(value);
    if (right !== null) found.push({ start, end, right });
  }
  const objects = [...found];
  for (const pattern of [inWords, inTags])
    for (const match of text.matchAll(pattern)) {
      const [start, end] = [match.index, match.index + match[0].length];
      const right = verdictValue(match[1]);
      if (right !== null && !objects.some((one) => start < one.end && end > one.start))
        found.push({ start, end, right });
    }
  // The last ones suffice.
  return found.sort((a, b) => a.start - b.start).slice(-50);
}

/** Where the object ends that begins at `start`, braces in strings left aside; null where it does not end. */
function endOfObject(text: string, start: number): number | null {
  let depth = 0;
  let inString = false;
  for (let i = start; i < text.length; i++) {
    const sign = text[i];
    if (inString) {
      if (sign === "\\") i++;
      else if (sign === '"') inString = false;
    } else if (sign === '"') inString = true;
    else if (sign === "{") depth++;
    else if (sign === "}" && --depth === 0) return i + 1;
  }
  return null;
}

/** Signs that may stand round a statement and say nothing: emphasis, quotes, fences, list marks. */
const decoration = String.raw`[\s*_~\`"'“”‘’#>•()\[\]$-]`;
const decorationBefore = new RegExp(`${decoration}+$`);
const decorationBehind = new RegExp(`^(?:${decoration}|\\})+`);
const allDecoration = new RegExp(decoration, "g");
const fenceName = /`{3,}[a-z]*\s*$/i;
/** What may lead to a statement within its sentence. */
const leadIn =
  /^(?:(?:so|thus|therefore|hence|overall|finally|in conclusion|in summary|ok(?:ay)?|then|and|here|this|it|my|our|the|your|final|last|overall|is|are|be|i|we|say|give|conclude|return|answer|output|result|conclusion|decision|judge?ment|verdict|response|reply|json|assessment|evaluation)[\s,:;.–—-]*)+$/i;
/** Words that turn a statement into a quotation, a thought, a denial or a condition. */
const takesBack =
  /\b(?:not|never|neither|nor|cannot|without|if|unless|whether|would|could|might|may|perhaps|maybe|possibly|wrote|writes?|said|(?:says?|reads?)(?=\W*$)|claim\w*|quot\w*|demand\w*|request\w*|inject\w*|pretend\w*|options?|either|instead|rather|between|consider\w*|however|although|should have|ought to|unsure|uncertain|examples?|e\.g|format|form|template|schema|instructions?|sample|such as)\b|n['’]t\b/i;

/** What takes a verdict back behind it; a reason for it may well say "not" or "but". */
const secondThoughts =
  /^\W*(?:but|however|though|although|if|unless|except|only|or|and not|not|otherwise|nor|maybe|perhaps)\b|\b(?:wait|actually|sorry|my mistake|correction|hmm+|hold on|second thoughts?|on reflection|scratch that|let me re\w*|revis\w+|change my|should (?:have|be)|ought to|unsure|uncertain|would be|would need|ignore (?:that|this)|just kidding)\b/i;

/** Whether a statement is the judge's own word: it begins the text, a line or a sentence, or follows what leads to it. */
function isOwnWord(text: string, { start, right }: Statement, all: readonly Statement[]): boolean {
  const before = text.slice(0, start).replace(fenceName, "");
  const trimmed = before.replace(decorationBefore, "");
  // An open brace: JSON that broke off.
  if (/[{,]\s*$/.test(trimmed) && /\{[^}]*$/.test(trimmed)) return false;
  if (trimmed === "") return true;
  const between = before.slice(trimmed.length);
  const endsSentence = /[.!?…;。！？}]$/.test(trimmed);
  const onOwnLine = /\n/.test(between);
  const leadsOn = /[:,–—→]$|=>$|->$/.test(trimmed);
  if ((endsSentence || onOwnLine) && !leadsOn) return true;
  const sentence = trimmed
    .slice(Math.max(0, ...[...trimmed.matchAll(/[.!?…。！？]\s|\n/g)].map((match) => match.index + 1)))
    .trim();
  // Another statement in the same sentence weighs the two.
  if (all.some((one) => one.right !== right && one.end <= start && text.slice(one.end, start).search(/[.!?…\n]/) < 0))
    return false;
  if (leadIn.test(sentence.replace(allDecoration, " ").trim())) return true;
  const concludes = leadsOn || /\b(?:so|hence|thus|therefore)$/i.test(trimmed);
  // "They are not the same: VERDICT: 0" denies what the verdict denies.
  const read = right ? sentence : sentence.replace(/\b(?:not|cannot|neither|nor)\b|n['’]t\b/gi, "");
  return concludes && !takesBack.test(read);
}

/** Whether nothing behind the last statement takes it back or goes on with its sentence. */
function endsTheMatter(after: string): boolean {
  const rest = after.replace(decorationBehind, "");
  if (rest === "") return true;
  // The form broke off, or its sentence goes on: "1 is not deserved", "1 or 0", "1?".
  const skipped = after.slice(0, after.length - rest.length);
  const explains = /^(?:\**)(?:explanation|reason(?:ing)?|justification|rationale)\**\s*[:：]/i.test(rest);
  const goesOn =
    !explains &&
    !/^[.!;。！]/.test(rest) &&
    !/\n/.test(skipped) &&
    !/^(?:because|since|as)\b/i.test(rest) &&
    !/^,\s*(?:because|since|as)\b/i.test(rest);
  return !goesOn && !secondThoughts.test(rest.replace(/^[.!;。！]/, "")) && !/\?/.test(rest);
}
