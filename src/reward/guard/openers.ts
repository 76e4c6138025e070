/** Words that open an answer, in the languages that answers come in, without accents; alone they answer nothing. */
const openers = new Set(
  (
    "answer answers solution solutions response reply explanation reasoning analysis conclusion summary thought thoughts thinking think result " +
    "step solve solved analyze analyse analyzing answered " +
    "antwort losung denkprozess gedankengang begrundung erklarung schritt uberlegung " +
    "solucion respuesta razonamiento explicacion analisis conclusion reponse raisonnement explication etape analyse " +
    "soluzione risposta ragionamento spiegazione solucao resposta raciocinio explicacao " +
    "oplossing antwoord uitleg losning svar forklaring rozwiazanie odpowiedz reseni odpoved megoldas valasz ratkaisu vastaus " +
    "cozum cevap yanit jawaban solusi penjelasan " +
    "решение ответ объяснение рассуждение мысль рішення відповідь пояснення " +
    "حل الحل جواب الجواب الإجابة إجابة हल उत्तर समाधान जवाब λυση απαντηση פתרון תשובה"
  ).split(" "),
);

/** Words that stand round them. */
const fillers = new Set(
  (
    "the a an is are was will be so let us s me we i my our your here there this that it to in of on by for with at as and or now then " +
    "final first second last process processes problem question questions image picture carefully closely look see lets let's okay ok sure " +
    "certainly course yes well alright right therefore thus hence need needs can could have has had found find know do does step steps should " +
    "must going gonna begin start begins following follows below above given provided correctly correct complete full detailed short hmm um uh " +
    "what about think thinking it's i'm i'll we'll that's here's okay then one by through out again which how come get take closer give go up down detail examine check inspect zoom consider break work figure determine identify describe will now " +
    "esta aqui respuesta siguiente reponse suit voila como " +
    "die der das ist lautet hier lass lasst uns fur schritt nachdenken denken also meine " +
    "la le les el los una un est es il lo e e' ma ta mi pensons par pensemos paso a pas ici voici aqui ecco o " +
    "het mijn is dus det ar mitt moja to jest " +
    "давайте подумаем шаг за шагом итак это мой вот пошагово " +
    "loi giai dap an tra cau hoi toi la day adalah saya"
  ).split(" "),
);
const phrases =
  /^(?:解|解答|解析|解法|解説|解决方案|答案|答|答え|回答|应答|かいせつ|かいとう|こたえ|思考|思考过程|思考過程|推理|推理过程|分析|最终答案|最終答案|最終的な答え|풀이|정답|해설|답|답변|해답|thought process|loi giai|dap an|tra loi|cau tra loi|让我们.{0,12}(?:思考|想|分析|解决).{0,4}|我们.{0,6}一步.{0,8}|一步一步.{0,10}|step by step|ステップ.{0,12}(?:考え|解).{0,10}|順番に考え.{0,8}|단계별로.{0,10}|まず.{0,4}考え.{0,8}|首先|我的答案(?:是)?|答案是|答えは|답은|(?:解答|答案|回答)如下|(?:解答|答え)は(?:以下|次)の通り.{0,4})$/u;

const stepByStep =
  /step by step|schritt fur schritt|etape par etape|paso a paso|passo a passo|passo dopo passo|stap voor stap|krok po kroku|adim adim|steg for steg|шаг за шагом|пошагово|крок за кроком/;

/**
 * Whether a text opens an answer and gives none: nothing is left of it but words such as "The final answer is". Judges
 * were found to approve of such openers whatever the question ("One Token to Fool LLM-as-a-Judge", arXiv 2507.08794).
 * @param bare lower case, words with single blanks between
 */
export function onlyOpens(bare: string): boolean {
  if (bare === "") return false;
  if (phrases.test(bare)) return true;
  const words = bare.replace(/\bstep \d+\b/g, "step").split(" ");
  const opening =
    words.some((word) => openers.has(word)) ||
    stepByStep.test(bare) ||
    /^(?:so|here we go|i will|i'll|i am going to|sure|okay|ok|certainly|of course|let (?:us|me|s)|let's|first|alright|hmm+|well then|in conclusion|therefore|thus|in summary)\b/.test(
      bare,
    );
  return opening && words.every((word) => openers.has(word) || fillers.has(word));
}

/** Words that name nothing by themselves. */
const nameless = new Set(
  (
    "a an the is are was were be this that these those it its i we you he she they him her them can could see sees seen of to so well hence thus " +
    "image picture photo photograph shows show showing shown depicts depicted based looking look at on in from need zoom must should let me us " +
    "what whatever which there here and as by with for something anything everything thing things object objects item items stuff one ones " +
    "output answer question say tell now then also just some any"
  ).split(" "),
);

/**
 * Whether an answer to a question for a thing names none: "Based on the image", "an object", or the question said again,
 * "what the woman is holding".
 * @param bare lower case, words with single blanks between
 * @param question in lower case
 */
export function saysNothing(bare: string, question: string): boolean {
  const words = bare.split(" ").filter((word) => word !== "");
  const named = words.filter((word) => !nameless.has(word));
  if (words.length === 0) return false;
  // "On", "in" and "here" answer by themselves where the question asks for them.
  if (named.length === 0)
    return words.length > 1 || !/^(?:on|in|here|there|from|to|by|me|you|i|us|him|her|them)$/.test(bare);
  const repeats = /^(?:what(?:ever)?|which|the (?:things?|objects?|items?|stuff|ones?)|that which|it is what) /.test(
    bare,
  );
  return repeats && named.every((word) => question.split(/[^\p{L}\p{N}']+/u).includes(word));
}
