import type { ServerFailure } from "../../connection/failure.ts";

/** A policy's server refuses what every task would ask of it; the message is one sentence for people. */
export class PolicyUnusable extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PolicyUnusable";
  }
}

/** What stands in a conversation that a server may refuse. */
export interface AskedWith {
  pictures: boolean;
  tools: boolean;
}

const aboutPictures = /multi-?modal|mmproj|\bimages?\b|image_url|vision/i;
const aboutTools = /tool[-_ ]?(?:call|choice|parser)|\btools\b|--jinja/i;
const aboutSize = /too large|entity|payload|body.{0,20}limit/i;

/** The sentence for a failure, with what to do, and whether every conversation would fail so. */
export function explained(
  failure: ServerFailure,
  { pictures, tools }: AskedWith,
): { sentence: string; forAll: boolean } {
  const { kind, message, said, status } = failure;
  const whole = `${message} ${said ?? ""}`;
  if (kind === "unauthorized")
    return {
      sentence: `${message}; give the key of this server (on the command line --policy-key-env names the variable that holds it)`,
      forAll: true,
    };
  if (status === 413 || (kind === "bad_request" && aboutSize.test(message)))
    return {
      sentence: `${message}; the pictures are larger than it takes: lower maxPixels, or raise the limit of the server or of the proxy before it`,
      forAll: false,
    };
  if (kind === "not_found")
    return { sentence: `${message}; check the address, which usually ends in /v1, and the model's name`, forAll: true };
  if (kind === "bad_request" && tools && aboutTools.test(whole))
    return {
      sentence: `${message}; it takes no list of tools as it runs: start vLLM with --enable-auto-tool-choice and --tool-call-parser, llama.cpp with --jinja, or have the tools described in the prompt's text`,
      forAll: true,
    };
  if (kind === "bad_request" && pictures && aboutPictures.test(whole))
    return {
      sentence: `${message}; the model there takes no pictures: serve a vision-language model (llama.cpp: with its --mmproj), or ask tasks without pictures`,
      forAll: true,
    };
  return { sentence: message, forAll: failure.isPermanent || kind === "budget" };
}

/**
 * Whether a reply comes from the model that was asked for. Servers add dates and the like to a name, or give the path of a
 * file for it.
 */
export function isModelAsked(asked: string, answered: string): boolean {
  const plain = (name: string) => name.toLowerCase().replace(/\.gguf$/, "");
  const [a, b] = [plain(asked), plain(answered)];
  return a === b || b.startsWith(`${a}-`) || b.split("/").at(-1) === a.split("/").at(-1);
}
