import type { Pixels } from "../../src/image/pixels.ts";
import { resize } from "../../src/image/resize.ts";
import { readJson } from "../../src/model/json_file.ts";
import { loadModel } from "../../src/model/load.ts";
import type { Platform } from "../../src/platform.ts";
import { type Chat, compactChat } from "../../src/policy/chat.ts";
import type { Passage } from "../../src/policy/policy.ts";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import { scenePictures, sceneTask } from "../../src/tasks/sources/scenes.ts";
import { gpu } from "./device.ts";
import { folder } from "./golden.ts";

const shipped = new URL("../../public/", import.meta.url);

/** The platform as a session knows it: the runtime's own WebGPU, and the shipped variants. */
export const platform: Platform = {
  name: "deno",
  gpu: navigator.gpu,
  gpuMissing: "",
  assetSize: folder(shipped).sizeBytes,
  readAsset: folder(shipped).read,
  list: async () => null,
  addressOf: () => null,
};

/** The shipped variant that learns to zoom, and what stands around it in a run. */
export async function needleModel() {
  const files = folder(new URL("needle/", shipped));
  const tokenizer = new Tokenizer(await readJson(files, "tokenizer.json"));
  return { model: await loadModel(gpu, files, { trained: true }), tokenizer, chat: compactChat(tokenizer) };
}

export const sceneSettings = { objects: 4, glyphPx: 3, shapeMinPx: 48, shapeMaxPx: 64, legibleShare: 0 };

/** Image tokens of a picture as the shipped variants see it. */
export const imageTokens = 16;

/** The picture of a scene as the model sees it. */
export const sceneShown = (index: number): Pixels =>
  resize(
    scenePictures(sceneTask(sceneSettings, { seed: 0, split: "train", step: 0, index }).id, sceneSettings)[0]!,
    64,
    64,
  );

/** The prompt of a scene. */
export function scenePrompt(chat: Chat, index: number): Passage {
  const { question } = sceneTask(sceneSettings, { seed: 0, split: "train", step: 0, index });
  return { tokens: chat.prompt({ question }, [imageTokens]), images: [sceneShown(index)] };
}
