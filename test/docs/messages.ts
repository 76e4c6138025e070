import { readdirSync, readFileSync } from "node:fs";
import { parseSync } from "vite";

/** A sentence for people that stands in the code; "…" is what it fills in. */
export interface Message {
  text: string;
  /** Path below src. */
  file: string;
}

interface Node {
  type: string;
  [key: string]: unknown;
}

/** Classes whose instances carry sentences. */
const carriers =
  /(Error|Failure|Misfit|NotUnderstood|PolicyUnusable|TooLarge|MissingText|StorageFull|StorageProblem|UnknownKnob|Stopped)$/;
/** Functions that show their last text, and fields that are shown. */
const shows = /^(raise|notify|notice|warn)$/;
const shown = /^(gpuMissing|gpuNotice|tokenRemedy)$/;
/** Files of which every sentence is advice. */
const advice = /^app\/web\/browser\/gpu_support\.ts$/;
/** What is damaged or compared on purpose. */
const skipped = /^app\/(fuzz|conformance|parity)\//;
/** Fewer words are a name or the rest of a sentence. */
const leastWords = 4;
/** Letters that must be written out: of a sentence that is all filled in nothing could be found. */
const leastLetters = 12;

/** Every message of the sources, sorted by text. */
export function messagesOf(source: string): Message[] {
  const found: Message[] = [];
  for (const path of readdirSync(source, { recursive: true }).map((one) => String(one).replaceAll("\\", "/"))) {
    if (!/\.tsx?$/.test(path) || /\.d\.ts$/.test(path) || skipped.test(path)) continue;
    for (const text of messagesIn(path, readFileSync(source + path, "utf8"))) found.push({ text, file: path });
  }
  return found.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.file < b.file ? -1 : 1));
}

/** The messages of one file, each once. */
export function messagesIn(path: string, code: string): string[] {
  const found = new Set<string>();
  const add = (node: unknown) => {
    for (const text of textsOf(node as Node)) {
      const plain = text.replace(/\s+/g, " ").trim();
      if (plain.split(" ").length >= leastWords && plain.replace(/[^A-Za-z]/g, "").length >= leastLetters)
        found.add(plain);
    }
  };
  walk(parseSync(path, code).program as unknown as Node, (node) => {
    // A kind of failure in front of the sentence is too short to count.
    if (node.type === "NewExpression" && carriers.test(nameOf(node.callee))) (node.arguments as Node[]).forEach(add);
    if (node.type === "CallExpression") {
      const name = nameOf(node.callee);
      const pushes = name === "push" && /notices|messages/.test(objectOf(node.callee));
      if (shows.test(name) || pushes) add((node.arguments as Node[]).at(-1));
    }
    if (node.type === "Property" && shown.test(nameOf(node.key))) add(node.value);
    if (advice.test(path) && (node.type === "Literal" || node.type === "TemplateLiteral")) add(node);
  });
  return [...found];
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const one of value) walk(one, visit);
    return;
  }
  if (typeof (value as Node).type === "string") visit(value as Node);
  for (const key of Object.keys(value)) walk((value as Node)[key], visit);
}

/** The name of an identifier, of a private field, or the last one of `a.b.c`. */
function nameOf(node: unknown): string {
  const { type, name, property } = (node ?? {}) as { type?: string; name?: unknown; property?: unknown };
  if (type === "MemberExpression") return nameOf(property);
  return typeof name === "string" ? name : "";
}

const objectOf = (node: unknown): string =>
  (node as Node | null)?.type === "MemberExpression" ? nameOf((node as Node).object) : "";

/** The texts that an expression may be: several where it chooses; none where it is no text. */
function textsOf(node: Node | undefined): string[] {
  switch (node?.type) {
    case "Literal":
      return typeof node.value === "string" ? [node.value] : [];
    case "TemplateLiteral": {
      const parts = (node.quasis as { value: { cooked: string } }[]).map(({ value }) => value.cooked);
      const text = parts.join("…");
      return /[A-Za-z]/.test(text) ? [text] : [];
    }
    case "ConditionalExpression":
      return [...textsOf(node.consequent as Node), ...textsOf(node.alternate as Node)];
    case "BinaryExpression": {
      const [left, right] = [textsOf(node.left as Node), textsOf(node.right as Node)];
      if (node.operator !== "+" || left.length + right.length === 0) return [];
      const or = (texts: string[]) => (texts.length > 0 ? texts : ["…"]);
      return or(left).flatMap((a) => or(right).map((b) => a + b));
    }
    default:
      return [];
  }
}
