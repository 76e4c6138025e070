import { boxed } from "../rules/latex.ts";
import { listed, type QuestionKind } from "../rules/question_kind.ts";
import { inAny, type Look } from "./look.ts";

const declining: readonly RegExp[] = [
  /\b(?:can(?:not|'t| not)|could ?n[o']t|could not|unable to|impossible to|not (?:able|possible|easy) to|no way to|hard to|difficult to|tough to|(?:too|so) \w+ to|refuse to|decline to|not going to|won't)\b.*\b(?:determine\w*|tell|say|see|know|answer|help|identify|assist|decide|make out|discern|view|read|provide|judge)\b/,
  /\bi(?:'m| am) (?:sorry|not sure|unsure|uncertain|afraid)\b|^\W*sorry\b|\bi (?:do not|don't|cannot|can't) (?:know|see|tell|view|answer)\b|\bas an ai\b|\bno comment\b/,
  /\b(?:could|might|may|can) be (?:anything|anyone|anybody|anywhere|any of|many things|everything)\b|\bi(?: have|'ve)(?: got)? (?:absolutely )?no (?:idea|clue|answer|information)\b/,
  /\b(?:kann|konnen|konnte|lasst sich)\b.*\bnicht\b.*\b(?:sagen|erkennen|bestimmen|sehen|beantworten|erkannt)\b|\bimpossible (?:de|a)\b|\bon ne (?:peut|voit|sait)\b|\bnon si (?:vede|sa|capisce)\b|\bno se (?:sabe|puede|ve)\b|\bnao (?:da|e possivel|se ve)\b|かねます|できません|답할 수 없/,
  /\b(?:nobody|no one|noone|one) (?:can(?:not|'t)?|could) (?:tell|say|know|see)\b|\b(?:image|picture|photo|it|resolution|quality|text) (?:is|looks|seems|appears) (?:too |very |quite )?(?:unclear|blurry|blurred|dark|small|low|obscured|hidden|cut off|not clear|illegible)\b/,
  /\b(?:cannot|can't|could not|couldn't) be (?:determined|answered|seen|known|told|identified|made out|verified|established|inferred)\b/,
  /\b(?:not|isn't|aren't|doesn't|does not|don't|do not|never|nothing|no) (?:\w+ )?(?:visible|shown|seen|specified|given|mentioned|stated|provided|indicated|determinable|discernible|identifiable|recogni[sz]able|depicted|known|clear|enough (?:information|context|detail|data|evidence)|show (?:it|this|that|the|any)|say|tell|contain (?:it|this|that|the|any)|include (?:it|this|that|the|any))\b/,
  /\b(?:insufficient|lack(?:s|ing)?|missing|without(?: enough| sufficient)?) (?:of )?(?:information|context|detail|details|data|evidence)\b|^\W*no (?:idea|information|answer|clue|data|context|response|guess)\W*$|\bit(?:'s| is) (?:unclear|unknown|uncertain|ambiguous|impossible)\b/,
  /^\W*(?:(?:the )?(?:answer|it) is )?(?:unknown|unclear|unsure|uncertain|undetermined|undeterminable|indeterminate|undefined|unspecified|unanswerable|unidentifiable|unreadable|illegible|invisible|not sure|not certain|dunno|idk|n\W?a|not applicable|none given|cannot|can't|tbd|pass on this(?: one)?|i pass|skip)\W*$/,
  /\b(?:(?:das )?wei(?:ss|ß) (?:ich|es) (?:es )?nicht|ich wei(?:ss|ß) (?:es )?nicht|keine ahnung|nicht (?:erkennbar|sichtbar|zu erkennen|bestimmbar)|unbekannt|unklar|je ne sais pas|aucune idee|inconnu|pas visible|impossible a|no (?:lo )?se|desconocido|no se (?:puede|ve)|non (?:lo )?so|sconosciuto|nao sei|desconhecido|(?:ik )?weet (?:ik )?(?:het )?niet|onbekend|vet (?:ej|inte|ikke)|nie wiem|nieznan\w*|nevim|nem tudom|en tieda|bilmiyorum|bilinmiyor|khong (?:biet|ro)|tidak (?:tahu|diketahui|jelas)|entah)\b/,
  /не знаю|неизвестно|невозможно|не видно|неясно|не знаю|невідомо|不知道|无法|無法|不清楚|看不(?:清|到|出|见)|不确定|不確定|未知|わからない|わかりません|分かりません|分からない|不明|見えません|모르겠|모릅니다|알 수 없|보이지 않|لا أعرف|غير معروف|لا يمكن|पता नहीं|नहीं पता|अज्ञात|לא יודע|לא ידוע|δεν ξερω|δεν ξέρω|ไม่ทราบ|ไม่รู้/,
];

/** Where a thing is asked for these are not answers; elsewhere they may stand on a sign. */
const declinesThing =
  /^\W*(?:i |we )?(?:do not|don't|cannot|can't) (?:know|tell|say|see)\W*$|^\W*i (?:refuse|decline|pass)\W*$|^\W*(?:who|god|nobody|no one|only .*) knows\W*$|^\W*(?:to be determined|none of your business|null|nil|undefined)\W*$|^\W*(?:an?|some|the)? ?(?:unknown|unidentified|unspecified|unclear) (?:objects?|items?|things?|something)\W*$/;

const colours =
  "black|white|red|green|blue|yellow|orange|purple|pink|brown|gr[ae]y|beige|tan|gold|silver|teal|turquoise";
const colourPair = new RegExp(String.raw`\b(?:${colours})\s*[/|\\]\s*(?:${colours})\b`);
const alternatives =
  /\s(?:or|and\/or|oder|ou|oppure|eller|lub|albo|или|або|veya|ya da|atau|hoặc|hoac)\s|或者|还是|還是|(?<=\p{L})或(?=\p{L})|または|もしくは|あるいは|또는|아니면|혹은|\sأو\s|\sأم\s|\sया\s/u;
/** "A and B": one of two choices is bound to be right. */
/** The same in signs and in words that do not stand between the two. */
const otherAlternatives =
  /\p{L}\s\/\s\p{L}|\(or\s|(?<=\p{L})\s?或\s?(?=\p{L})|,?\s(?:if not|or else|otherwise|alternatively|else)\s|\b(?:maybe|perhaps|possibly)\b.*\b(?:maybe|perhaps|possibly)\b|\?.*\p{L}.*\?|^\W*(?:all|any|either|one|some|none) of (?:the above|them|these|those)\W*$|^\W*abcd?e?\W*$/u;
const numbered =
  /^\W*(?:1|a|i)[.)]\s*\p{L}.*[\s,;](?:2|b|ii)[.)]\s*\p{L}|^\s*[-*•]\s*\p{L}.*\n\s*[-*•]\s*\p{L}|\p{L}\s\+\s.*\s\+\s\p{L}/su;
const letters =
  /^\W*\(?[a-j]\W*(?:,|and|&|\/|\s)\W*\(?[a-j]\W*$|\byes (?:and|but) no\b|\bno (?:and|but) yes\b|\byes\s*\/\s*no\b/;
/** An answer that only says what the thing is not. */
const onlyDenies =
  /^\W*(?:(?:it|this|that|there|he|she|they) (?:is|are|was|were)(?:n't)? )?(?:not (?:an?|the|any|one of)\b|not (?:red|green|blue|black|white|yellow|orange)\b|neither\b|anything (?:but|except|other than)\b|everything (?:but|except)\b|other than\b|something other than\b)(?!.*\b(?:but|rather|instead)\b.*\w{3})/;

/** "Not wood" where the gold answer is wood. */
function deniesGold(text: string, { gold }: QuestionKind): boolean {
  const denied = /^\W*(?:it is |it's )?not (?:an? |the )?([\p{L} ]+?)\W*$/u.exec(text)?.[1];
  return denied !== undefined && !/\bnot\b|n't\b/.test(gold) && gold.split(/[^\p{L}]+/u).includes(denied);
}

/** Whether an answer names several things where one is asked for, or says only what it is not. */
export function namesSeveral({ readings: texts, clean }: Look, kind: QuestionKind): boolean {
  const text = texts[0] ?? "";
  if (new Set(boxed(clean)).size > 1) return true;
  if ((text.match(/\b(?:final\s+)?answer(?:\s+\d+)?(?:\s+is)?\s*:/g)?.length ?? 0) > 1) return true;
  if (kind.open && !/\beither\b/.test(text)) return false;
  if (texts.some((one) => letters.test(one) || (!kind.yesOrNo && (onlyDenies.test(one) || deniesGold(one, kind)))))
    return true;
  const words = text.split(/\s+/).length;
  // "OR" in capitals is a state, or a sign.
  if (words <= 16 && inAny(texts, [alternatives]) && !/,\s*OR\b/.test(clean)) return true;
  if (kind.several) return false;
  if (kind.asksForThing && (otherAlternatives.test(text) || numbered.test(text))) return true;
  if (colourPair.test(text) || /\p{L}\s\/\s\p{L}.*\s\/\s\p{L}|(?<!\{.*)\p{L}\s?\|\s?\p{L}/u.test(text)) return true;
  const items = listed(text);
  const short = items.filter((item) => item.split(/\s+/).length <= 3 && /\p{L}/u.test(item));
  const slashes = /^[\p{L} ]+(?:\/[\p{L} ]+){2,}$/u.test(text);
  return slashes || (short.length === items.length && short.length >= 4);
}

/** Whether an answer says that it has none. */
export function declines({ readings: texts }: Look, kind: QuestionKind): boolean {
  const text = texts[0] ?? "";
  if (kind.yesOrNo && /^\W*(?:no|yes)\b/.test(text)) return false;
  // What stands on a sign may say so: "unknown caller".
  if (kind.open && !/\b(?:it|this|that|image|picture|photo|i|we|you)\b/.test(text)) return false;
  return inAny(texts, declining) || (kind.asksForThing && inAny(texts, [declinesThing]));
}
