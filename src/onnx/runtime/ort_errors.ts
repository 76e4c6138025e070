/** What onnxruntime-web says where a graph cannot be opened or run, as one sentence each. */

interface Mistake {
  said: RegExp;
  sentence(name: string, parts: string[], label: string): string;
}

/** The messages of 1.30.0; where another version words them otherwise, its own words are shown. */
const mistakes: readonly Mistake[] = [
  {
    said: /No Op registered for (\S+) with domain_version of (-?\d+)/,
    sentence: (name, [operator, opset], label) =>
      `${name} uses the operator ${operator} of opset ${opset}, which ${label} does not have; export it with operators of the standard`,
  },
  {
    said: /([\w.]*:?\w+)\((-?\d+)\) is not a registered function\/op/,
    sentence: (name, [operator], label) =>
      `${name} uses the operator ${operator}, which ${label} does not have; export it with operators of the standard or of com.microsoft`,
  },
  {
    said: /Could not find an implementation for (\w+)\((\d+)\)/,
    sentence: (name, [operator, version], label) =>
      `${name} uses ${operator} (version ${version}) on a dtype for which ${label} has no implementation; take the files of another dtype`,
  },
  {
    said: /Opset (\d+) is under development[\s\S]*till opset (\d+)/,
    sentence: (name, [found, most], label) =>
      `${name} is of opset ${found}, and ${label} knows opsets up to ${most}; export it for one of these`,
  },
  {
    said: /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
    sentence: (name, [found, most], label) =>
      `${name} is of ONNX format version ${found}, and ${label} reads versions up to ${most}; export it for one of these`,
  },
  {
    said: /protobuf parsing failed|No graph was found in the protobuf|Missing model IR version/,
    sentence: (name) => `${name} is not an ONNX graph, or is damaged; fetch it again`,
  },
  {
    said: /Failed to load external data file "+([^"]*)"+, error: Out of bounds/,
    sentence: (name, [file]) => `${name} expects more weights than ${file} holds; fetch both from the same export`,
  },
  {
    said: /bad_alloc|failed to allocate a buffer|Array buffer allocation failed|Aborted\(OOM\)|out of memory/i,
    sentence: (name) =>
      `${name} does not fit into the memory that WebAssembly gives a program (4 GB); take files of a smaller dtype (q4f16, q4)`,
  },
  {
    said: /does not support shader-f16|shader-f16|Float16 is not supported/i,
    sentence: (name) => `${name} needs float16 on the GPU, which this adapter does not offer; take files of q4 or fp32`,
  },
  {
    said: /JSPI is not supported/,
    sentence: (name) =>
      `${name} cannot be opened: this browser's WebAssembly cannot wait for a GPU (JSPI); use a Chrome or Edge of version 137 or later`,
  },
];

/**
 * @param name   the graph
 * @param label  what runs it
 * @param what   what was tried, in the words of a sentence: "be opened"
 */
export function ortError(error: unknown, { name, label, what }: { name: string; label: string; what: string }): Error {
  const said = error instanceof Error ? error.message : String(error);
  for (const { said: pattern, sentence } of mistakes) {
    const found = pattern.exec(said);
    if (found) return new Error(sentence(name, found.slice(1), label), { cause: error });
  }
  return new Error(`${name} cannot ${what}: ${plainLine(said)}`, { cause: error });
}

/** The first sentence of what the runtime said, without its codes and the paths of the machine that it was built on. */
function plainLine(said: string): string {
  const line = said
    .replace(/^.*?ERROR_MESSAGE: /s, "")
    .replace(/\S*\/onnxruntime\/\S+:\d+\s+[^\n]*?\)\s+(?=[A-Z])/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line || "the runtime did not say why";
}
