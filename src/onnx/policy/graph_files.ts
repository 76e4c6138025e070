/** Which of a folder's graphs are taken: the layout of transformers.js, `onnx/NAME_DTYPE.onnx`. */
import { externalFiles } from "../runtime/external_files.ts";
import type { OnnxFiles } from "../runtime/runtime.ts";
import type { OnnxFacts } from "./onnx_facts.ts";

/** The three graphs of a vision-language model. */
export const graphNames = ["embed_tokens", "vision_encoder", "decoder_model_merged"] as const;
export type GraphName = (typeof graphNames)[number];

/** Ends of file names by dtype. */
const endOf = {
  fp32: "",
  fp16: "_fp16",
  q8: "_quantized",
  int8: "_int8",
  uint8: "_uint8",
  q4: "_q4",
  q4f16: "_q4f16",
  bnb4: "_bnb4",
} as const;
export type GraphDtype = keyof typeof endOf;
export const graphDtypes = Object.keys(endOf) as GraphDtype[];

/** Those that need float16 on the GPU. */
const halves: readonly GraphDtype[] = ["fp16", "q4f16"];

/** Of what is there, where neither a person nor the folder says: exact ones first, then those that lose least. */
const preferred: readonly GraphDtype[] = ["fp32", "fp16", "q8", "int8", "uint8", "q4f16", "q4", "bnb4"];

const pathOf = (graph: GraphName, dtype: GraphDtype): string => `onnx/${graph}${endOf[dtype]}.onnx`;

export type ChosenGraphs = Record<GraphName, { path: string; dtype: GraphDtype }>;

/** A dtype for all graphs, or for single ones: "q4f16", "decoder_model_merged=q4,vision_encoder=fp16". @throws Error naming what is wrong */
export function readDtypes(text: string): Partial<Record<GraphName, GraphDtype>> {
  const found: Partial<Record<GraphName, GraphDtype>> = {};
  for (const part of text.split(",").map((one) => one.trim())) {
    const [first = "", second] = part.split("=", 2).map((word) => word.trim());
    const [graphs, dtype] = second === undefined ? [graphNames, first] : [[first], second];
    if (!graphDtypes.includes(dtype as GraphDtype) || !graphs.every((name) => graphNames.includes(name as GraphName)))
      throw new Error(
        `Expected a dtype of graphs (${graphDtypes.join(", ")}), or NAME=DTYPE with NAME one of ${graphNames.join(", ")}, found ${JSON.stringify(part)}`,
      );
    for (const name of graphs) found[name as GraphName] ??= dtype as GraphDtype;
    if (second !== undefined) found[first as GraphName] = dtype as GraphDtype;
  }
  return found;
}

interface Choice {
  /** By graph, as a person wants it. */
  wanted: Partial<Record<GraphName, GraphDtype>>;
  recommended: OnnxFacts["dtypes"];
  /** Whether float16 can be computed where the graphs run. */
  half: boolean;
}

/**
 * @param has  whether the folder has a file
 * @throws Error naming the graph that is missing, and what there is
 */
export async function chooseGraphs(
  has: (path: string) => Promise<boolean>,
  { wanted, recommended, half }: Choice,
): Promise<ChosenGraphs> {
  const chosen: Partial<ChosenGraphs> = {};
  for (const graph of graphNames) {
    const there: GraphDtype[] = [];
    for (const dtype of graphDtypes) if (await has(pathOf(graph, dtype))) there.push(dtype);
    if (there.length === 0)
      throw new Error(
        `Expected ${pathOf(graph, "fp32")} or the same of another dtype, found none; graphs in the layout of transformers.js are run here: ${graphNames.map((name) => pathOf(name, "fp32")).join(", ")}`,
      );
    const asked = wanted[graph];
    if (asked !== undefined && !there.includes(asked))
      throw new Error(
        `There is no ${pathOf(graph, asked)}: ${graph} is there as ${there.join(", ")}; name one of these`,
      );
    const usable = there.filter((dtype) => half || !halves.includes(dtype));
    const named = typeof recommended === "string" ? recommended : recommended?.[graph];
    const dtype =
      asked ?? usable.find((one) => one === named) ?? preferred.find((one) => usable.includes(one)) ?? there[0]!;
    chosen[graph] = { path: pathOf(graph, dtype), dtype };
  }
  return chosen as ChosenGraphs;
}

/** WebAssembly's memory holds a graph's file while it is opened. */
const mostBytes = 4 * 2 ** 30 - 2 ** 26;

/** How files of the folder are read. */
export interface GraphFolder {
  sizeBytes(path: string): Promise<number | null>;
  read(path: string): Promise<Uint8Array>;
}

/** A graph with the files that hold its weights. @throws Error with one sentence where one is missing or outside the folder */
export async function readGraph(folder: GraphFolder, path: string, read: (bytes: number) => void): Promise<OnnxFiles> {
  const model = await readWhole(folder, path, path);
  read(model.length);
  const external: OnnxFiles["external"][number][] = [];
  for (const name of externalFiles(model, path)) {
    const place = `${path.slice(0, path.lastIndexOf("/") + 1)}${name}`;
    if ((await folder.sizeBytes(place)) === null)
      throw new Error(`${path} has weights in ${name}, which is not beside it; fetch that file as well`);
    const bytes = await readWhole(folder, place, path);
    read(bytes.length);
    external.push({ path: name, bytes });
  }
  return { name: path, model, external };
}

async function readWhole(folder: GraphFolder, path: string, graph: string): Promise<Uint8Array<ArrayBuffer>> {
  const size = await folder.sizeBytes(path);
  if (size !== null && size > mostBytes)
    throw new Error(
      `${graph} does not fit into the memory that WebAssembly gives a program (4 GB): ${path} has ${(size / 1e9).toFixed(1)} GB; take files of a smaller dtype (q4f16, q4)`,
    );
  return (await folder.read(path)) as Uint8Array<ArrayBuffer>;
}
