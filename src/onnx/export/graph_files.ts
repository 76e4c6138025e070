import { constantBytes, type Graph, isWeight } from "../graph/graph.ts";
import { joined } from "../protobuf/message.ts";
import { type ExternalPlace, modelProto } from "../protobuf/model_proto.ts";
import { type WeightConstant, type WeightSource, weightBytes } from "./weight_bytes.ts";

/** A file of known size whose bytes are made while it is written. */
export interface WrittenFile {
  name: string;
  sizeBytes: number;
  pieces(): AsyncGenerator<Uint8Array> | Generator<Uint8Array>;
}

export interface GraphFileLimits {
  /** Weights of more bytes stand in files beside the graph: a protobuf file has less than 2 GiB. */
  inlineBytes: number;
  /** Of such a file, unless one weight has more: what a page can hold as one array. */
  chunkBytes: number;
}

export const graphFileLimits: GraphFileLimits = { inlineBytes: 2 ** 30, chunkBytes: 2_000_000_000 };

/** Where weights begin in a file of their own, so that it can be mapped into memory. */
const alignmentBytes = 4096;

/**
 * A graph as files: NAME.onnx, and where it is large NAME.onnx_data, NAME.onnx_data_1, ... with its weights, as transformers.js
 * names them.
 */
export function graphFiles(
  graph: Graph,
  fileName: string,
  source: WeightSource,
  limits: GraphFileLimits = graphFileLimits,
): { files: WrittenFile[]; externalFiles: number } {
  const weights = graph.constants.filter(isWeight);
  const isInline = weights.reduce((sum, weight) => sum + constantBytes(weight), 0) <= limits.inlineBytes;
  const chunks = isInline ? [] : chunksOf(weights, limits.chunkBytes);
  const places = new Map<string, ExternalPlace>();
  for (const [i, chunk] of chunks.entries())
    for (const { weight, offsetBytes } of chunk) places.set(weight.name, { file: chunkName(fileName, i), offsetBytes });
  const model = modelProto(graph, ({ name }) => places.get(name) ?? null);
  const files: WrittenFile[] = [
    {
      name: fileName,
      sizeBytes: model.sizeBytes,
      async *pieces() {
        for (const part of joined(model.parts))
          if (part instanceof Uint8Array) yield part;
          else yield* weightBytes(source, part.source as WeightConstant);
      },
    },
    ...chunks.map((chunk, i) => chunkFile(chunk, chunkName(fileName, i), source)),
  ];
  return { files, externalFiles: chunks.length };
}

const chunkName = (fileName: string, i: number): string => `${fileName}_data${i === 0 ? "" : `_${i}`}`;

type Chunk = { weight: WeightConstant; offsetBytes: number }[];

const endOf = (chunk: Chunk): number => {
  const last = chunk.at(-1);
  return last ? last.offsetBytes + constantBytes(last.weight) : 0;
};

function chunksOf(weights: readonly WeightConstant[], chunkBytes: number): Chunk[] {
  const chunks: Chunk[] = [];
  for (const weight of weights) {
    let chunk = chunks.at(-1);
    let offsetBytes = chunk ? Math.ceil(endOf(chunk) / alignmentBytes) * alignmentBytes : 0;
    if (!chunk || offsetBytes + constantBytes(weight) > chunkBytes) {
      chunk = [];
      offsetBytes = 0;
      chunks.push(chunk);
    }
    chunk.push({ weight, offsetBytes });
  }
  return chunks;
}

const chunkFile = (chunk: Chunk, name: string, source: WeightSource): WrittenFile => ({
  name,
  sizeBytes: endOf(chunk),
  async *pieces() {
    let at = 0;
    for (const { weight, offsetBytes } of chunk) {
      if (offsetBytes > at) yield new Uint8Array(offsetBytes - at);
      yield* weightBytes(source, weight);
      at = offsetBytes + constantBytes(weight);
    }
  },
});
