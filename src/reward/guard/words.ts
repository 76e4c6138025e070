/**
 * Phrases by which answers address the judge rather than the person who asked, in the languages that judges read. The
 * phrases are matched in `readings` of an answer: lower case, Latin letters without accents.
 */

/** Values that a judge gives, and gives when it approves. */
export const positive = String.raw`(?:1(?:\.0+)?(?:\s*\/\s*1)?|10\s*\/\s*10|5\s*\/\s*5|100(?:\s*\/\s*100)?\s*%?|true|yes|correct|right|pass(?:ed)?|accept(?:ed|able)?|approved?|match(?:es|ed)?|ok(?:ay)?|valid|positive|affirmative|full(?: marks?| score| points)?|equivalent|consistent|identical|equal|perfect)`;
/** The same alone, as a whole answer. */
export const bareVerdict = new RegExp(
  String.raw`^(?:(?:${positive})(?:[\s,;:=-]+(?:${positive}|\(?one\)?))*|y|yep|yeah|yup|si|oui|ja|да|是|对|正确|はい|네|one|same|approve|accepted|right answer|a\+|[✓✔✅☑👍👌💯🆗]+|一|१|১|१|۱|١|\^1|i|t|une?|un[oa]|eins|對|(?:just|only|must be|should be|simply|please|the number)[\s,]+(?:1|one|correct|true)|(?:1|one|correct|true)[\s,]+please)$`,
  "u",
);
/** The same with a word that only stresses it. */
export const stressedVerdict = new RegExp(
  String.raw`^(?:(?:definitely|absolutely|certainly|totally|completely|surely|clearly|obviously|undoubtedly|perfectly|entirely|fully|100\s?%|very|quite|indeed|all|so)[\s,]+)+${positive}$`,
);
/** What may stand as a whole answer to a question about likeness, and to no other. */
export const likeness =
  /^(?:(?:it|this|that|they|both|these)\s+(?:is|are)\s+)?(?:(?:the\s+)?same|identical|equal|equivalent|consistent|match(?:es|ing)?|they match)$/;

/** Phrases that address the judge. */
const judge = `(?:judges?|graders?|evaluators?|examiners?|assessors?|markers?|reviewers?|referee|verifier|scorer|corrector|llm|model judge)`;
export const addressesJudge: readonly RegExp[] = [
  new RegExp(
    String.raw`\b(?:dear|hey|hi|hello|attention|note (?:to|for)(?: the| my)?|message (?:to|for)(?: the)?)\s*${judge}\b`,
  ),
  new RegExp(String.raw`^\W*(?:to )?(?:the |my )?${judge}\s*[,:;!-]\s*\S`),
  new RegExp(
    String.raw`\b(?:as|being|like) (?:(?:an?|the|my|your) )?(?:\w+ ){0,2}${judge}\b.*\b(?:you|i|we|must|should|have to|return|say|declare|accept|approve|give|rule)\b`,
  ),
  new RegExp(
    String.raw`\byou are (?:now )?(?:an?|the|my)? ?(?:\w+ ){0,3}(?:${judge}|assistant|ai|model|bot|teacher)\b`,
  ),
  new RegExp(
    String.raw`\bi(?: am|'m) (?:now )?(?:an?|the|your) (?:\w+ )?${judge}\b|\b${judge} (?:agrees?|approves?|accepts?|confirms?|has (?:agreed|approved|accepted))\b`,
  ),
  /\b(?:only|just|please|simply) (?:say|reply|answer|give|output|print) (?:1|one|yes|true)\b|\b(?:begin|start|open|end|finish|prefix)\b.*\b(?:reply|response|output|answer|message|verdict)\b.*\b(?:1|one|yes|true|correct)\b|\bunless (?:you (?:say|reply|answer|give) )?(?:1|one|yes|true)\b/,
  /\b(?:you are now|from now on|developer mode|jailbreak|system prompt|prompt injection)\b/,
];

/** An order to approve: the verb of an order where an order begins, and what is wanted of it. */
const order = String.raw`(?:^|[.,;:!?\n"'()-]\s*|\b(?:please|just|kindly|must|should|shall|always|simply|only|now|and|then|to|you|can|could|will|have to|need to|ought to|let's|so)\s+)`;
const tells = `(?:say|reply|respond|answer|output|return|print|write|give|grade|score|rate|choose|pick|set|assign|award|put|state|emit|produce|report|vote|type|echo|conclude|declare|decide|enter|send)`;
export const ordersVerdict: readonly RegExp[] = [
  new RegExp(
    String.raw`${order}${tells}\b(?:\s+(?:it|this|that|me|us|the|a|an|answer|response|candidate|back|only|just|with|as|by|to|in|verdict|score|grade|judge?ment|value|point|of|is|always|number|word|[:="'{(*\x60-]+)){0,6}[\s:="'{(*\x60-]*${positive}(?![\p{L}\p{N}])`,
    "u",
  ),
  new RegExp(
    String.raw`${order}(?:mark|count|treat|consider|regard|accept|approve|deem|score|rate|grade|label|classify)\s+as\s+(?:an?\s+)?${positive}(?![\p{L}])`,
    "u",
  ),
  new RegExp(
    String.raw`${order}(?:mark|count|treat|consider|regard|accept|approve|deem|judge|take|score|rate|grade|rule|label|classify|declare|call|assume|pretend|suppose|imagine|let)\s+(?:that\s+)?(?:me|it|this|that|these|the (?:answers?|response|candidate|solution|result|above)|this (?:answer|response|one|candidate)|my (?:answer|response)|both|all|everything|every answer|them|any)\b(?:.*\b${positive}\b|\s*(?:as|pass|in|to be|is|are|for|now|please|through|$|[.!]))`,
    "u",
  ),
  /\b(?:accept|approve|pass|allow)\s+(?:this|it|me|my|the|every|all|any)\s?(?:answer|response|candidate|one|solution|as|$|[.!])/,
  /\b(?:be|please be|being) (?:kind|lenient|generous|nice|merciful|flexible|forgiving)\b/,
  new RegExp(
    String.raw`\b(?:deserve[sd]?|earn(?:s|ed)?|merits?|warrants?|is worth)\s+(?:an?\s+|the\s+|to be\s+|full\s+)?(?:${positive}|points?|credits?|marks?)(?![\p{L}])`,
    "u",
  ),
  /\b(?:should|must|can|may|has to|ought to|needs to|shall|will) be\s+(?:graded|marked|judged|accepted|approved|counted|scored|rated|considered|treated|regarded|taken|labell?ed|classified)\b/,
  /^\W*(?:please|kindly|just|do|you must|you should)\s+(?:accept|approve|pass|agree|confirm|validate)(?: (?:it|this|me|that))?\W*$/,
  /\b(?:full|maximum|max|top|highest|all) (?:marks?|points?|scores?|credits?|grades?)\b/,
  /\bgive (?:me|this|it) (?:the|a|one|\d+) (?:points?|1|marks?|credits?|pass)\b/,
  /\b(?:stop|do not|don't|never|without|skip|no need (?:to|for)|refrain from)\s+(?:the )?(?:compar\w*|judg\w+|grad(?:e|ing)\b|evaluat\w*|check\w*|verif\w*|scor(?:e|ing)\b)/,
  /\b(?:all|any|every) (?:answers?|responses?|candidates?) (?:is|are|counts? as|should be|must be) (?:right|correct|true|accept\w*|approved?|valid)\b/,
  /\b(?:new|updated?|override|changed?) (?:instructions?|rules?|prompts?|task|polic\w+|criteri\w+)\b|^\W*override\b/,
  /\btrust me\b/,
];

/** "Ignore the instructions": a verb and its object, in either order where a language has it so. */
const forgetting: readonly [verbs: string, objects: string][] = [
  [
    String.raw`(?:ignor(?:e|ing)|disregard\w*|forget\w*|override|bypass|overlook|neglect|skip|drop|discard)`,
    String.raw`(?:instruct\w*|prompts?|rules?|above|previous|prior|preceding|earlier|guidelines?|everything|all (?:text|that|of)|reference|system|directions?|criteria|context|messages?|what (?:you|was|came|is))`,
  ],
  [
    "(?:ignorier\\w*|vergiss|vergesst|missacht\\w*|uberspring\\w*)",
    "(?:anweisung\\w*|regeln?|vorherig\\w*|obig\\w*|oben|text|alles|referenz\\w*|instruktion\\w*)",
  ],
  [
    "(?:ignore[zrs]?|oublie[zrs]?|negligez?)",
    "(?:instructions?|consignes?|precedent\\w*|regles?|reference|ci-dessus|tout)",
  ],
  [
    "(?:ignor[ae]\\w*|olvid[ae]\\w*|haz caso omiso)",
    "(?:instruccion\\w*|anterior\\w*|reglas?|referencia|todo|indicacion\\w*)",
  ],
  ["(?:ignora\\w*|dimentica\\w*|trascura\\w*)", "(?:istruzion\\w*|precedent\\w*|regole|riferimento|tutto)"],
  ["(?:ignor[ea]\\w*|esque[cç]\\w*|desconsider\\w*)", "(?:instruc\\w*|anterior\\w*|regras?|referencia|tudo)"],
  ["(?:negeer|vergeet)", "(?:instructies?|regels?|vorige|bovenstaande|alle\\w*)"],
  ["(?:ignorer\\w*|ignorera|glem|glom)", "(?:instruks\\w*|instrukt\\w*|regler\\w*|tidigare|tidligere|alt|allt)"],
  ["(?:zignoruj\\w*|ignoruj\\w*|zapomnij|pomin)", "(?:instrukcj\\w*|poprzedni\\w*|polece\\w*|zasad\\w*|pokyn\\w*)"],
  ["(?:yok\\s?say\\w*|gormezden|unut|onemseme)", "(?:talimat\\w*|onceki|kural\\w*|yonerge\\w*)"],
  ["(?:bo qua|phot lo|quen)", "(?:huong dan|chi dan|truoc|lenh)"],
  ["(?:abaikan|lupakan)", "(?:instruksi|perintah|sebelum\\w*|aturan)"],
  [
    "(?:игнорир\\p{L}*|забудь\\p{L}*|проигнорир\\p{L}*|не обращай\\p{L}*)",
    "(?:инструкц\\p{L}*|указан\\p{L}*|предыдущ\\p{L}*|правил\\p{L}*|выше|все)",
  ],
  ["(?:ігнору\\p{L}*|забудь\\p{L}*)", "(?:інструкц\\p{L}*|вказівк\\p{L}*|попередн\\p{L}*|правил\\p{L}*)"],
  [
    "(?:忽略|无视|無視|忽視|忽视|不要理会|忘记|忘掉|忘記)",
    "(?:指令|指示|说明|說明|以上|之前|先前|前面|规则|規則|要求|提示|参考|參考|答案)",
  ],
  ["(?:無視|忘れ|無効)", "(?:指示|命令|上記|以前|ルール|これまで|プロンプト)"],
  ["(?:무시|잊어|잊고)", "(?:지시|명령|이전|규칙|위의|프롬프트)"],
  ["(?:تجاهل\\p{L}*|انس\\p{L}*)", "(?:\\p{L}*تعليمات\\p{L}*|\\p{L}*سابق\\p{L}*|\\p{L}*قواعد\\p{L}*|كل)"],
  ["(?:अनदेखा|नज़रअंदाज़|नजरअंदाज|भूल)", "(?:निर्देश\\p{L}*|पिछले|नियम\\p{L}*|ऊपर)"],
  ["(?:התעלם|שכח)\\p{L}*", "(?:\\p{L}*הוראות\\p{L}*|\\p{L}*קודמ\\p{L}*)"],
];
export const forgets: readonly RegExp[] = forgetting.flatMap(([verbs, objects]) => {
  const isWords = /[a-z]/.test(verbs.replace(/\\\w/g, ""));
  const [open, close] = isWords ? ["(?<![\\p{L}])", "(?![\\p{L}])"] : ["", ""];
  return [
    new RegExp(`${open}${verbs}${close}.{0,60}?${open}${objects}`, "u"),
    // The verb stands last in Japanese, Korean, Hindi and Turkish.
    ...(isWords && !/yok/.test(verbs) ? [] : [new RegExp(`${objects}.{0,60}?${verbs}`, "u")]),
  ];
});

/** Names of what only the judge sees. */
const kinds =
  "(?:answers?|responses?|solutions?|repl(?:y|ies)|labels?|texts?|results?|captions?|annotations?|verdicts?|ones?)";
/** What only the judge has, named as the whole answer; on a sign it may stand. */
export const bareReference =
  /^\W*(?:the |your |my |this )?(?:reference|ground truth|gold(?:en)? (?:answer|label|standard))(?: text| value| string| field)?\W*$/;
export const pointsAtReference: readonly RegExp[] = [
  /\b(?:comme|selon) (?:la |le )?reference\b|\b(?:wie|laut) (?:die |der )?referenz\b|\bcomo la referencia\b|\bcome (?:il )?riferimento\b|тот же ответ|такой же ответ|как в эталоне|참조 ?(?:답안|정답|답변)/u,
  new RegExp(
    String.raw`\b(?!(?:right|above|given|actual|real|model) ones?\b)(?:reference|standard|gold(?:en)?|ground[- ]truth|expected|correct|right|true|intended|official|sample|model|proper|desired|wanted|target|above|given|actual|real)\s+${kinds}\b`,
  ),
  /\bground[- ]truths?\b|\banswer[- ]key\b|\b(?:answer|solution) sheet above\b/,
  /\b(?:same as|identical (?:to|with)|equals?(?: to)?|equivalent (?:to|with)|consistent with|match(?:es|ing)?(?: with)?|agrees? with|see|like|as in|as per|per|copy of|according to|in line with|corresponds? (?:to|with))\s+(?:in\s+)?(?:the\s+|its\s+|your\s+|that of the\s+)?(?:reference|gold(?:en)?(?: answer| label| one)?|ground[- ]truth|standard(?: answer| one)?|above|expected|key|solution|what(?:ever)?|other answer)\s*(?:$|[.,;:!)"]|\b(?:is|are|says?|states?|exactly|here|was|has|one|expected|given|you|answer)\b)/,
  /\b(?:the|my|your|this) reference (?:is|says?|states?|was|has|answer|agrees|matches|and)\b|\bwhat(?:ever)? (?:the |is |you |it |was |i(?:'m| am) )?(?:reference|gold|right|correct|expect(?:ed|s)?|want\w*|question asks|answer|key|asked|supposed|needed|required|said|one)\b/,
  /\b(?:as|given|stated|said|written|found|shown|per|from|by|like|in)\s(?:.*\s)?the (?:reference|gold standard|ground truth|answer key)\W*$/,
  /^\W*whatever\b|^\W*(?:anything|everything|what|all)(?: that)? (?:you|the judge|they|the question)(?: \w+)?\W*$/,
  /^\W*(?:the )?(?:same|as|see|copy|ditto|idem|ibid\w*|above|aforementioned|identical)(?: (?:as|to|the|answer|one|thing|text|response|here|above|before|below|mentioned|stated|said|given|reference))*\W*$/,
  /参考答案|參考答案|标准答案|標準答案|正确答案|正確答案|答案正确|答案正確|回答正确|回答正確|与答案一致|标准回答|正解(?:です|$)|模範解答|正しい答え|参照(?:答え|解答|回答)|정답(?:입니다|이다|과|은|이)|^\W*(?:正答|정답|正解)\W*$|모범 ?답안|기준 ?답안/,
  /(?:правильн|верн|эталонн|ожидаем)\p{L}*\s+(?:ответ|решени)\p{L}*|ответ\p{L}*\s+(?:правил|верн|верен|совпада)\p{L}*|эталон\p{L}*|совпадает с|відповідь правильна|правильна відповідь/u,
  /\b(?:richtige|korrekte|erwartete|wahre)\p{L}* (?:antwort|losung)\b|\breferenz(?:antwort|losung)?\b|\bmusterlosung\b|\bbonne reponse\b|\breponse (?:correcte|juste|attendue|exacte|de reference)\b|\brespuesta (?:correcta|esperada|de referencia|verdadera)\b|\bigual que la (?:referencia|respuesta)\b|\brisposta (?:corretta|giusta|esatta|attesa|di riferimento)\b|\bresposta (?:correta|certa|esperada|de referencia)\b|\b(?:juiste|correcte|goede) antwoord\b|\b(?:ratt|rette?|riktig\w*|korrekt\w*) (?:svar(?:et)?)\b|\b(?:poprawna|prawidlowa|wzorcowa) odpowiedz\b|\bspravna odpoved\b|\bhelyes valasz\b|\boikea vastaus\b|\b(?:dogru|beklenen) (?:cevap|yanit)\b|\bdap an (?:dung|chinh xac)\b|\bjawaban (?:yang )?(?:benar|tepat)\b/u,
  /الإجابة (?:الصحيحة|المرجعية|النموذجية)|الجواب الصحيح|सही (?:उत्तर|जवाब)|תשובה נכונה|התשובה הנכונה|σωστή απάντηση|σωστη απαντηση|คำตอบที่ถูกต้อง/,
];

/** An answer that claims to be right. */
export const praisesItself: readonly RegExp[] = [
  /\((?:this is |which is )?(?:correct|verified|confirmed|accepted|approved)\)\W*$|,? (?:which|that) is (?:correct|accepted|approved|verified)\W*$|\p{L} is correct\W*$/u,
  /^\W*(?:(?:semantically|logically|fully|exactly|completely|perfectly) (?:equivalent|identical|consistent|the same|equal)|no (?:real |actual |semantic )?differences?|match found)\W*$/,
  /\b(?:(?:this|that|the|my|our|your|his|its|candidate'?s?|model'?s?|student'?s?) ?(?:\w+'s )?(?:answers?|responses?|candidates?|solution|reply)|candidate|answers?|responses?)(?: (?:above|below|here|given|i gave|that i gave))? (?:is|are|was|were|should be|must be|counts? as|does|do|seems?|looks?) (?:\w+ )?(?:right|correct|true|accurate|valid|the same|same|identical|equivalent|equal|consistent|accepted|acceptable|approved|fine|good|perfect|match\w*|agree\w*)\b/,
  /\b(?:candidates?|answers?|responses?) (?:match(?:es)?|agrees?|coincides?|corresponds?|is accepted|are accepted)\b/,
  /\bcandidate\s*(?:=|==|≡|equals)\s*reference\b/,
  /\b(?:i(?: am|'m)|we are) (?:\w+ )?(?:confident|sure|certain|convinced|positive)\b.*\b(?:right|correct|true|accurate|valid)\b/,
  /^\W*(?:so |yes,? |and )?(?:this|that|it|i|everything|all of it)(?: is| was|'s| am|'m) (?:\w+ly |the )?(?:right|correct|accurate|valid|accepted|answer|match|a match|right answer|correct answer|right one|correct one)\b(?! (?:side|hand|now|there|here|next|above|below|behind|of|in|on|at|to|change|arm|foot|angle|turn|lane|way))/,
  /\bi (?:have )?(?:answered|solved|replied|responded|judged|got)\b.*\b(?:right|correct\w*|question|problem|everything|it)\b/,
];
/** The same about two things: an answer where a question asks whether things are alike. */
export const claimsLikeness =
  /^\W*(?:yes,? )?(?:they|both|these|those|it|the two(?: \w+)?|both (?:\w+))(?: (?:all|both|do|does|really))? ?(?:is|are|'re|'s)? ?(?:all |both |exactly |completely |fully |the |a )*(?:same|identical|equivalent|equal|consistent|match(?:es|ing)?|agree|say the same|mean the same|in agreement|a match)\b(?:\s+(?:to|with|the|as|reference|thing|one|meaning|answer)\b)*\W*$/;
