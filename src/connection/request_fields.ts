/**
 * Fields of a request that some servers refuse, and what is sent instead. OpenAI's newer models want
 * max_completion_tokens and no temperature; Mistral forbids seed by another name; many know no chat_template_kwargs.
 */

/** A body of a chat completion. */
export type Body = Record<string, unknown>;

/** Fields that are always sent. */
const required = new Set(["model", "messages"]);

/**
 * The field of the body that a server's error names, null where it names none of them. What it quotes or calls a
 * parameter counts before what it merely mentions: errors name the field to use instead too.
 */
export function refusedField(body: Body, said: string, param: string | null): string | null {
  const fields = Object.keys(body).filter((field) => !required.has(field));
  const top = param?.split(/[.[]/)[0];
  if (top !== undefined && fields.includes(top)) return top;
  const places = fields
    .map((field) => [field, new RegExp(`(?<![\\w])${field}(?![\\w])`, "i").exec(said)?.index ?? -1] as const)
    .filter(([, at]) => at >= 0)
    .sort((a, b) => a[1] - b[1]);
  if (places.length > 0) return places[0]![0];
  return "response_format" in body && /json.?schema|json.?mode|structured.?output|guided|grammar/i.test(said)
    ? "response_format"
    : null;
}

/** How a connection's questions are changed for its server: fields left out, or sent by another name. */
export type Adaptation = ReadonlyMap<string, string | null>;

/** The same adaptation with one more field: max_tokens has another name to try, the others are left out. */
export function withoutField(adaptation: Adaptation, field: string): Adaptation {
  const changed = new Map(adaptation);
  if (field === "max_tokens") changed.set(field, "max_completion_tokens");
  // The other name was refused too.
  else if (field === "max_completion_tokens") changed.set("max_tokens", null);
  else changed.set(field, null);
  return changed;
}

export function adapted(body: Body, adaptation: Adaptation): Body {
  return Object.fromEntries(
    Object.entries(body).flatMap(([field, value]) => {
      const name = adaptation.has(field) ? (adaptation.get(field) ?? null) : field;
      return name === null ? [] : [[name, value]];
    }),
  );
}

/** What was changed, for people. */
export const adaptationTexts = (adaptation: Adaptation): string[] =>
  [...adaptation].map(([field, name]) => (name === null ? `without ${field}` : `${name} in the place of ${field}`));
