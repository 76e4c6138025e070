export const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ";
const lowered = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎";
const plain = "0123456789+-=()ni";

const plainOf = new Map(
  [raised, lowered].flatMap((signs) => Array.from(signs, (sign, i) => [sign, plain[i] ?? sign] as const)),
);

/** Superscripts and subscripts as the signs that they are, on the line. */
export const onLine = (run: string): string => Array.from(run, (sign) => plainOf.get(sign) ?? sign).join("");
