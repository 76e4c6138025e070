import { readFileSync } from "node:fs";
import { parseSync } from "vite";

interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** An export of the library, as it stands where it is declared. */
interface Declared {
  name: string;
  /** Its docstring, without the stars. */
  about: string;
  /** Its declaration, without bodies of functions. */
  code: string;
}

const parts: readonly (readonly [title: string, names: readonly string[]])[] = [
  ["Open a model", ["openModel", "OpenModelOptions", "OpenModel", "Prompt", "GenerateOptions", "Answer"]],
  [
    "Roll and train",
    ["train", "TrainOptions", "TrainRun", "TrainEvent", "Metrics", "RunConfig", "RollOptions", "RolledGroup"],
  ],
  ["Your own tasks", ["defineTasks", "TasksDefinition", "TaskSource", "GivenTask", "Task"]],
  ["Your own reward", ["defineReward", "RewardFunction", "RewardInput", "RewardRollout", "PartValues"]],
  ["Your own tool", ["defineTool", "refusal", "Tool", "ToolContext", "ToolResult"]],
  ["What a rollout is", ["Rollout", "ToolCall", "Pixels", "Box", "NamedBytes"]],
];

/** docs/api.md: what src/saccade.ts exports. @throws Error where an export stands in no part, or a name is no export */
export function api(source: string): string {
  const declared = new Map(exportsOf(`${source}saccade.ts`).map((one) => [one.name, one]));
  const named = parts.flatMap(([, names]) => names);
  const wrong = [
    ...named.filter((name) => !declared.has(name)),
    ...[...declared.keys()].filter((name) => !named.includes(name)),
  ];
  if (wrong.length > 0) throw new Error(`test/docs/api.ts must name what src/saccade.ts exports: ${wrong.join(", ")}`);
  return [
    "# The library",
    "",
    "<!-- Written by `npm run docs` from what src/saccade.ts exports; change the docstrings. -->",
    "",
    '`import { openModel, train } from "saccade"`, in Deno, in Node (on Dawn, npm `webgpu`) and in a page. The [README](../README.md) says how to',
    "install it; [examples](../examples) are run by the tests:",
    "",
    "```",
    "npx deno run -A examples/own_reward.ts        # a reward",
    "npx deno run -A examples/own_tasks.ts         # tasks, with pictures that a program draws",
    "npx deno run -A examples/own_tool.ts          # a tool",
    "npx deno run -A examples/own_loop.ts 1        # GRPO written out: sample, reward, advantages, update",
    "npx deno run -A examples/sweep.ts 1 2 1 2     # several seeds",
    "```",
    "",
    "Units stand last in a name (`durationMs`, `widthPx`, `sizeBytes`), shapes are written `(H, W, 3)`, last index fastest; log-probabilities are",
    "natural. Every error is one sentence. Names that are used but not explained here are types of the same files.",
    "",
    ...parts.flatMap(([title, names]) => [
      `## ${title}`,
      "",
      ...names.flatMap((name) => declarationLines(declared.get(name)!)),
    ]),
  ].join("\n");
}

const declarationLines = ({ name, about, code }: Declared): string[] => [
  `### ${name}`,
  "",
  ...(about === "" ? [] : [about, ""]),
  "```ts",
  code,
  "```",
  "",
];

function exportsOf(path: string): Declared[] {
  const code = readFileSync(path, "utf8");
  const nodes = programOf(path, code).filter((node) => node.type === "ExportNamedDeclaration");
  const named = nodes.flatMap((node) =>
    node.declaration ? [] : (node.specifiers as { exported: { name: string } }[]).map(({ exported }) => exported.name),
  );
  return nodes.flatMap((node): Declared[] => {
    if (node.declaration) return [declaredBy(node, code)!];
    const from = besides(path, (node.source as { value: string }).value);
    const names = (node.specifiers as { exported: { name: string } }[]).map(({ exported }) => exported.name);
    return names.map((name) => {
      const found = declarationOf(name, from);
      if (!found) throw new Error(`Expected ${name} declared in ${from}, found it nowhere there`);
      const parents = parentsOf(name, from).filter((parent) => !named.includes(parent.name));
      return { ...found, code: [found.code, ...parents.map((parent) => parent.code)].join("\n\n") };
    });
  });
}

const besides = (path: string, relative: string): string =>
  decodeURIComponent(new URL(relative, `file://${path}`).pathname);

const programOf = (path: string, code: string): Node[] =>
  (parseSync(path, code).program as unknown as { body: Node[] }).body;

/** The declaration of a name in a file, exported or not. */
function declarationOf(name: string, path: string): Declared | null {
  const code = readFileSync(path, "utf8");
  const all = programOf(path, code).map((node) => declaredBy(node, code));
  return all.find((one) => one?.name === name) ?? null;
}

/** What an interface takes from others of its file, or of those that it imports. */
function parentsOf(name: string, path: string): Declared[] {
  const code = readFileSync(path, "utf8");
  const nodes = programOf(path, code);
  const own = nodes.find((node) => declaredBy(node, code)?.name === name);
  const declaration = (own?.declaration ?? own) as Node | undefined;
  if (declaration?.type !== "TSInterfaceDeclaration") return [];
  const heritage = (declaration.extends as Node[]).map(({ start, end }) => code.slice(start, end)).join(" ");
  return [...heritage.matchAll(/[A-Z]\w+/g)].flatMap(([parent]) => {
    const here = declarationOf(parent, path);
    if (here) return [here];
    const imported = nodes.find(
      (node) =>
        node.type === "ImportDeclaration" &&
        (node.specifiers as { local: { name: string } }[]).some(({ local }) => local.name === parent),
    );
    const from = (imported?.source as { value: string } | undefined)?.value;
    return from?.startsWith(".") ? (declarationOf(parent, besides(path, from)) ?? []) : [];
  });
}

function declaredBy(node: Node, code: string): Declared | null {
  const declaration = (node.type === "ExportNamedDeclaration" ? node.declaration : node) as Node | null;
  if (!declaration || !("id" in declaration || "declarations" in declaration)) return null;
  const [about = "", ...tags] = commentBefore(node, code).split(/^@/m);
  const listed = tags.map((tag) => {
    const [kind, ...words] = tag.trim().split(/\s+/);
    const of = kind === "param" ? `\`${words.shift()}\`: ` : `${kind}: `;
    return `- ${of}${words.join(" ")}`;
  });
  const text = [about.trim(), ...(listed.length > 0 ? [listed.join("\n")] : [])].join("\n\n");
  return { name: nameIn(declaration), about: text, code: headOf(declaration, code) };
}

/** The docstring in front of a node, without its stars. */
function commentBefore(node: Node, code: string): string {
  const [, comment = ""] = /\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*$/.exec(code.slice(0, node.start)) ?? [];
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trim())
    .join("\n")
    .trim();
}

function nameIn(declaration: Node): string {
  const { id, declarations } = declaration as unknown as {
    id?: { name: string };
    declarations?: { id: { name?: string } }[];
  };
  return id?.name ?? declarations?.[0]?.id.name ?? "";
}

/** A declaration without what functions do, and without what a class keeps to itself. */
function headOf(declaration: Node, code: string): string {
  if (declaration.type === "ClassDeclaration") return classOf(declaration, code);
  const first = (declaration.declarations as { init?: Node }[] | undefined)?.[0]?.init;
  const body = (declaration.body ?? first?.body) as Node | undefined;
  const isFunction = declaration.type === "FunctionDeclaration" || first?.type === "ArrowFunctionExpression";
  if (!isFunction || !body) return code.slice(declaration.start, declaration.end);
  return code
    .slice(declaration.start, body.start)
    .replace(/\s*=>\s*$/, "")
    .trimEnd();
}

function classOf(declaration: Node, code: string): string {
  const { id, body } = declaration as unknown as { id: { name: string }; body: { body: Node[] } };
  const members = body.body
    .filter((member) => member.type === "MethodDefinition" && member.kind !== "constructor")
    .filter((member) => (member.key as Node).type === "Identifier" && member.accessibility !== "private")
    .map((member) => {
      const { start, value } = member as unknown as { start: number; value: Node };
      const comment = /\n *\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*$/.exec(code.slice(0, start))?.[0].trim() ?? "";
      const head = code.slice(start, (value.body as Node).start).trimEnd();
      return `  ${comment === "" ? "" : `${comment}\n  `}${head};`;
    });
  return `class ${id.name} {\n${members.join("\n\n")}\n}`;
}
