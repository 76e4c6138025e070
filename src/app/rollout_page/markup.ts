import { withUnseen } from "../text/unseen.ts";

/** HTML that is safe as it stands: written here, or escaped. */
export class Markup {
  readonly html: string;
  constructor(html: string) {
    this.html = html;
  }
}

type Part = Markup | readonly Part[] | string | number | null | undefined | false;

/**
 * HTML in which every value that is not markup itself is escaped, also for attributes in double quotes: html`<b>${text}</b>`.
 * Characters that are not seen stand by their numbers.
 */
export const html = (strings: TemplateStringsArray, ...parts: Part[]): Markup =>
  new Markup(strings.map((text, i) => text + (i < parts.length ? written(parts[i]) : "")).join(""));

function written(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Markup) return part.html;
  if (typeof part === "object") return part.map(written).join("");
  return escaped(String(part));
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const escaped = (text: string): string => withUnseen(text).replace(/[&<>"']/g, (character) => entities[character]!);
