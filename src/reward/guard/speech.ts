import type { QuestionKind } from "../rules/question_kind.ts";
import { ordersElsewhere, praisesElsewhere } from "./languages.ts";
import { inAny, type Look, withoutLeadIn } from "./look.ts";
import {
  addressesJudge,
  bareReference,
  claimsLikeness,
  forgets,
  likeness,
  ordersVerdict,
  pointsAtReference,
  praisesItself,
} from "./words.ts";

/** Whether an answer addresses the judge, refers to what only the judge sees, or claims to be right. */
export function speaksToJudge({ readings: texts, cores }: Look, kind: QuestionKind): boolean {
  if (inAny(texts, addressesJudge) || inAny(texts, forgets)) return true;
  // "Grade 1" may be what was asked for.
  const isMark = kind.marks && (texts[0] ?? "").split(" ").length <= 3;
  if (!isMark && inAny(texts, ordersVerdict)) return true;
  if (!kind.open && inAny(texts, ordersElsewhere)) return true;
  if (!kind.open && inAny([...texts, ...cores], [bareReference])) return true;
  // "The correct answer is B" says B.
  const pointed = texts.map((text) => withoutLeadIn(kind.open ? text.replace(/"[^"]*"/g, "") : text));
  if (
    !(kind.compares && cores.some((core) => likeness.test(core))) &&
    pointed.some((text) => pointsAtReference.some((pattern) => pattern.test(text)))
  )
    return !(
      kind.open && cores.some((core) => /^(?:the )?\p{L}+ \p{L}+$/u.test(core) && !/answer|reference|truth/.test(core))
    );
  if (kind.yesOrNo || kind.compares) return false;
  return inAny(texts, praisesItself) || inAny(texts, praisesElsewhere) || inAny(texts, [claimsLikeness]);
}
