import { jsonObject, parseJson } from "../../model/json_file.ts";
import { loadJson, type PythonValue } from "../../policy/python_json.ts";
import { type RenderOptions, renderRecipe } from "../../policy/recipe_chat.ts";
import { renderTemplate } from "../../policy/template.ts";
import { Tokenizer } from "../../policy/tokenizer.ts";
import { type AddedToken, joinTokenizer } from "../../policy/tokenizer_parts.ts";
import { jsonLines, type Outcome, type ReadFile, same } from "../conformance/outcome.ts";

/** A line of cases.jsonl. */
interface TextCase {
  id: string;
  kind: string;
  tokenizer: string;
  text: string | null;
  ids: number[];
  decoded: string;
  decoded_without_special: string;
}

interface SpecialTokens {
  pre_tokenizer: { split: string };
  added_tokens: AddedToken[];
  qwen3_added_tokens: AddedToken[];
}

/** Whose renders are written by code of our own; the others by the template itself. */
const ownTemplate = "recipe";

/**
 * Compares a folder's texts with ours: ids both ways, and conversations written down.
 * @param read      a file of the folder
 * @param tokenizer a file of wherever tokenizer.json, or vocab.json and merges.txt, lie; null where there is none
 */
export async function* textParity(
  read: ReadFile,
  tokenizer: (name: string) => Promise<Uint8Array | null>,
): AsyncGenerator<Outcome> {
  const tokenizers = await openTokenizers(read, tokenizer);
  for (const one of jsonLines<TextCase>(await read("cases.jsonl"), "cases.jsonl")) {
    const own = tokenizers(one.tokenizer);
    const name = `${one.id} (${one.kind})`;
    if (one.text !== null) yield same(`${one.tokenizer}, ids`, name, own.encode(one.text), one.ids);
    yield same(`${one.tokenizer}, text`, name, own.decode(one.ids), one.decoded);
    const plain = own.decode(one.ids, { withoutSpecial: true });
    yield same(`${one.tokenizer}, text without special`, name, plain, one.decoded_without_special);
  }

  const templates = new Map<string, Promise<string>>();
  const renders = jsonLines(
    await read("renders.jsonl"),
    "renders.jsonl",
    (line) => loadJson(line) as Map<string, PythonValue>,
  );
  for (const one of renders) {
    const name = one.get("id") as string;
    const template = one.get("template") as string;
    if (!templates.has(template))
      templates.set(
        template,
        read(`${template}.jinja`).then((bytes) => new TextDecoder().decode(bytes)),
      );
    const options = Object.fromEntries(one.get("options") as Map<string, boolean>) as RenderOptions;
    const messages = one.get("messages") as PythonValue[];
    const tools = one.get("tools") ?? null;
    let got: string;
    try {
      got =
        template === ownTemplate
          ? renderRecipe(messages, tools, options)
          : await renderTemplate(await templates.get(template)!, messages, tools, options);
    } catch (error) {
      yield { quantity: `${template}, render`, name, passed: false, detail: (error as Error).message };
      continue;
    }
    yield same(`${template}, render`, name, got, one.get("rendered"));
    const wanted = (one.get("ids") as bigint[]).map(Number);
    yield same(`${template}, ids`, name, tokenizers("qwen2.5-vl").encode(got), wanted);
  }
}

/** Tokenizers by the names that cases use. One tokenizer.json serves all; parts differ by their added tokens. */
async function openTokenizers(read: ReadFile, find: (name: string) => Promise<Uint8Array | null>) {
  const json = async (name: string) => {
    const bytes = await find(name);
    return bytes && jsonObject(parseJson(new TextDecoder().decode(bytes), name), name);
  };
  const source = await json("tokenizer.json");
  if (source) {
    const only = new Tokenizer(source);
    return () => only;
  }
  const vocab = (await json("vocab.json")) as Record<string, number> | null;
  const merges = await find("merges.txt");
  if (!vocab || !merges)
    throw new Error(
      "Expected tokenizer.json, or vocab.json and merges.txt, in the folder, in qwen-tokenizer beside it or where --tokenizer says; found neither",
    );
  const special = JSON.parse(new TextDecoder().decode(await read("special_tokens.json"))) as SpecialTokens;
  const join = (addedTokens: AddedToken[]) =>
    new Tokenizer(
      joinTokenizer({
        vocab,
        merges: new TextDecoder().decode(merges),
        split: special.pre_tokenizer.split,
        addedTokens,
      }),
    );
  const known = new Map<string, Tokenizer>();
  return (name: string) => {
    if (name !== "qwen2.5-vl" && name !== "qwen3-vl")
      throw new Error(`A case's tokenizer must be qwen2.5-vl or qwen3-vl, found "${name}"`);
    const own =
      known.get(name) ??
      join(name === "qwen3-vl" ? [...special.added_tokens, ...special.qwen3_added_tokens] : special.added_tokens);
    known.set(name, own);
    return own;
  };
}
