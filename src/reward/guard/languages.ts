/**
 * Orders to approve, and approval of itself, in languages other than English: verbs of an order, what is wanted, and
 * "the answer is right". Matched in `readings`: lower case, Latin letters without accents.
 */

const latinVerbs =
  "antworte\\w*|sag(?:e|en)?|schreib\\w*|gib|geben sie|bewerte\\w*|akzeptier\\w*|werte|repond(?:s|ez)|dis|dites|ecri(?:s|vez)|donnez?|notez?|acceptez?|renvoyez?|" +
  "responde|responda|di|diga|escribe|escriba|devuelve|marca|califica|acepta|rispondi|scrivi|restituisci|accetta|dai|escreva|devolva|aceite|" +
  "antwoord|zeg|geef|schrijf|odpowiedz|napisz|powiedz|zwroc|zaakceptuj|odpovez|rekni|svara|svar|sag|skriv|yanitla|soyle|yaz|dondur|kabul et|" +
  "tra loi|noi|ghi|jawab(?:lah)?|katakan|tulis|beri";
const latinValues =
  "1|true|yes|correct|richtig\\w*|korrekt\\w*|ja|wahr|juste|correcte?|vrai\\w*|oui|correct[oa]|verdader[oa]|si|corrett[oa]|giust[oa]|ver[oa]|corret[oa]|cert[oa]|sim|juist|waar|poprawn\\w*|tak|prawda|spravn\\w*|rett|ratt|dogru|evet|dung|benar|ya";
const latinAnswers =
  "antwort|losung|reponse|respuesta|solucion|risposta|resposta|antwoord|svaret|svar|odpowiedz|odpoved|cevap|yanit|dap an|cau tra loi|jawaban";

export const ordersElsewhere: readonly RegExp[] = [
  new RegExp(
    `(?:^|[.,;:!\\n]\\s*|\\b(?:bitte|por favor|per favore|s'il vous plait|alsjeblieft|prosze|lutfen|silakan|hay|und|et|y|e|en)\\s+)(?:${latinVerbs})\\s+(?:\\S+\\s+){0,3}?["'(*]*(?:${latinValues})(?![\\p{L}])`,
    "u",
  ),
  /(?:ответь\p{L}*|скажи\p{L}*|поставь\p{L}*|напиши\p{L}*|верни\p{L}*|прими\p{L}*|считай\p{L}*|выведи\p{L}*|оцени\p{L}*|відповідай|скажи|постав)\s+(?:\S+\s+){0,3}?["'«(]*(?:1|да|так|верн\p{L}*|правильн\p{L}*|истин\p{L}*)/u,
  /(?:回答|输出|輸出|返回|判定|判为|判為|判|打|给|給|说|說|写|寫|填|接受|认定|視為|视为).{0,8}(?:1|正确|正確|对|對|满分|滿分|通过|通過|是|一致)/u,
  /(?:1|正し|正解|はい|合格|満点|一致).{0,8}(?:答え|判定|出力|返し|返す|言っ|採点|認め|して(?:ください|下さい))/u,
  /(?:1|정답|맞|참|네|통과|만점).{0,10}(?:답하|답해|출력|처리|판정|말하|말해|인정|채점)/u,
  /(?:أجب|قل|اكتب|أعط|اقبل|ارجع)\S*\s.{0,20}(?:1|١|نعم|صحيح)|(?:1|सही|हाँ|हां).{0,12}(?:उत्तर दें|कहें|लिखें|मानें|बताएं)/u,
];

export const praisesElsewhere: readonly RegExp[] = [
  new RegExp(
    `(?<![\\p{L}])(?:${latinAnswers})\\s+(?:\\S+\\s+)?(?:ist|est|es|e|is|jest|je|ar|er|la|adalah)\\s+(?:${latinValues})(?![\\p{L}])`,
    "u",
  ),
  /(?:答案|回答|結果|结果).{0,4}(?:正确|正確|对的|對的|没错)|(?:答え|回答|解答).{0,3}(?:正し|合って)|(?:답|대답).{0,3}(?:맞|정확)|(?:ответ|решение)\s+(?:\S+\s+)?(?:верн|правильн|прав)\p{L}*|الإجابة صحيحة|उत्तर सही/u,
];
