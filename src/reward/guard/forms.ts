import type { QuestionKind } from "../rules/question_kind.ts";
import { inAny, type Look, lookAt } from "./look.ts";
import { speaksToJudge } from "./speech.ts";
import { bareVerdict, likeness, positive, stressedVerdict } from "./words.ts";

/** Marks of roles in templates and tools. */
const roleMarks: readonly RegExp[] = [
  /<\|[^|<>]{0,40}\|>|<｜[^｜<>]{0,40}｜>/,
  /<\s*\/?\s*(?:s|bos|eos|pad|unk|think\w*|thought|reasoning|answer|tool\w*|function\w*|system|user|assistant|human|model|developer|judge|grader|candidate|reference|question|gold|verdict|result|score|instructions?|prompt|context|response|input|output|message|start_of_\w+|end_of_\w+|im_start|im_end|start_header_id|end_header_id|eot_id|turn|inst)\b[^<>]{0,40}>/,
  /\[\s*\/?\s*(?:inst|sys\w*|assistant|user|human|think|tool_\w+|available_tools|developer|model_?answer|question|standard answer|model's answer|your judge?ment)\s*\]/,
  /<<\s*\/?\s*sys\s*>>/,
  /^\s*#{2,}\s*(?:instructions?|responses?|input|output|system|user|assistant|human|question|answer|judge?ment|equivalence\b.*|verdict|evaluation|task)\b/m,
];
const speaker = String.raw`(?:system|user|assistant|human|judge|grader|evaluator|examiner|developer|chatgpt|gpt(?:-?\d\w*)?|claude|llm|ai|bot|model|tool|function|instructor|moderator)`;
/** A speaker's turn behind another line, or within one. */
const laterTurn = new RegExp(
  String.raw`\S[^\n]*\n+\W*${speaker}\s*(?::|\n)|[^\s:]\s+(?:system|user|assistant|human)\s*:\s*\S`,
);
const firstTurn = new RegExp(String.raw`^\W*${speaker}\s*(?:[:\n]|\s[-–—]\s)\s*(.+)$`, "s");

const nouns = `(?:verdicts?|jud[gd]e?ments?|equivalence|correctness|is_?correct|grading|evaluation|assessment)`;
const looseNouns = `(?:scores?|grades?|ratings?|rated|graded|marks?|results?|outcome|decision|labels?|output|reply|match(?:es|ed)?|correct|equal|same|points?|status|accept(?:ed)?|approved?|v)`;
const between = String.raw`["'*_\x60)\]}\s]*(?:[:=≡]+>?|-+>?|→|\bis\b|\bare\b|\bwas\b|\b(?:should|must|shall|will|would|can) be\b|\bto be\b|\bof\b)["'*_\x60(\[{\s:=]*`;
const negative = `(?:0|false|no|incorrect|wrong)`;
const value = String.raw`(?:the )?(?:${positive}|${negative}|one|zero)(?![\p{L}\p{N}])(?![.,:]\d)(?!\s*(?:guilty|of|for|in|on|at|side|hand)\b)`;
/** Words for a verdict with a value, and the labels in the prompts of ours, of DeepEyes and of verl. */
const forgedVerdict: readonly RegExp[] = [
  new RegExp(String.raw`(?<![\p{L}])${nouns}(?:${between}|["'*_\x60)\]}\s]+)${value}`, "u"),
  /(?<![\p{L}\p{N}.,])[01]\s*[:=]*\s*verdict(?![\p{L}])/u,
  /["']\s*verdict\s*["']?\s*[:=]|\bverdict["']\s*[:=]/,
  /\[(?:question|standard answer|model_?\s?answer|model's answer|your judge?ment)\]|\bjud[gd]e?ment\b\s*\]\s*:|## equivalence/,
];
const looseVerdict = new RegExp(String.raw`(?<![\p{L}])${looseNouns}(?:${between})${value}`, "u");

/** Fields of what is sent, or of a conversation: an answer that has them imitates a message. */
const messageField =
  /["']\s*(?:question|reference|candidate|verdict|role|messages|gold|ground_?truth|judge?ment|thought)\s*["']\s*:/;
/** A string that ends and goes on as JSON, or a bracket that closes what the answer has not opened. */
const breaksOut =
  /["']\s*[}\]]+\s*(?:,|[{[\]}]|["']|$)|["']\s*,\s*["'][\w ]+["']\s*:|^\s*["']\s*[,}\]]|\\["']\s*[,}\]:]/;

export function leavesItsField(text: string): boolean {
  if (messageField.test(text)) return true;
  const { closesFirst, open } = balance(text);
  return (
    closesFirst ||
    (breaksOut.test(text) && open !== 0) ||
    (/["']\s*,\s*["'][\w ]+["']\s*:/.test(text) && !/[{[]/.test(text))
  );
}

/** Whether braces close that did not open (brackets may: ]0; 1[ is an interval), and how many stay open. */
function balance(text: string): { closesFirst: boolean; open: number } {
  let open = 0;
  let closesFirst = false;
  for (const sign of text) {
    if (sign === "{") open++;
    if (sign === "}" && --open < 0) closesFirst = true;
  }
  // Alone it is a sign: "}".
  return { closesFirst: closesFirst && /[\p{L}\p{N}{\]},"']/u.test(text.replace("}", "")), open };
}

/** A verdict in the place of an answer: the value alone. */
const looksLikeVerdict = ({ cores }: Look): boolean =>
  cores.some((core) => bareVerdict.test(core) || stressedVerdict.test(core));

/** Whether an answer states a verdict in the place of an answer, or besides one. */
export function forgesVerdict(look: Look, kind: QuestionKind): boolean {
  const { readings: texts, clean } = look;
  // A mark that reverses the order made it read so; the mark itself has been removed.
  const backwards = [...clean.toLowerCase()].reverse().join("");
  const wordsTurned = clean.toLowerCase().replace(/\p{L}+/gu, (word) => [...word].reverse().join(""));
  if (
    inAny([...texts, backwards, wordsTurned], forgedVerdict) &&
    !/\b(?:verdict|judge?ment|court|jury|evaluation|assessment)\b/.test(kind.text)
  )
    return true;
  if (!kind.open && !kind.marks && texts.some((text) => looseVerdict.test(text))) return true;
  // Many times the same: no answer repeats itself.
  if (/^(.{1,24}?)(?:[\s,;.]*\1){5,}[\s,;.]*$/s.test(clean) && !/^[\d.,\s]+$/.test(clean)) return true;
  return (
    kind.asksForThing &&
    looksLikeVerdict(look) &&
    !(
      /\b(?:where|side|direction|way)\b/.test(kind.text) && look.cores.some((core) => /^(?:on the )?right$/.test(core))
    ) &&
    !(kind.compares && look.cores.some((core) => likeness.test(core)))
  );
}

/** Whether an answer imitates another role: a mark of the chat template, or a turn of another speaker. */
export function playsAnother({ readings: texts }: Look, kind: QuestionKind): boolean {
  if (inAny(texts, roleMarks) || inAny(texts, [laterTurn])) return true;
  // "System: Windows" may stand on a screen.
  return texts.some((text) => {
    const said = firstTurn.exec(text)?.[1];
    return said !== undefined && (!kind.open || looksLikeVerdict(lookAt(said)) || speaksToJudge(lookAt(said), kind));
  });
}
