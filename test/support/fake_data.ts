import type { GivenFile } from "../../src/app/worker_api/dropped_folder.ts";
import { dataBytes, dataFiles } from "./data_files.ts";
import { fakeObjects, fakeScene } from "./fake_scene.ts";

/**
 * What a person could have dropped into the page: DeepEyes-like parquet files, and a folder with a list of invented
 * scenes whose boxes are marked. In a browser.
 */
export async function fakeDataFiles(): Promise<GivenFile[]> {
  const files: GivenFile[] = [];
  const add = (path: string, content: BlobPart) => files.push({ path, file: new File([content], path) });
  for (const name of dataFiles) add(`deepeyes/${name}.parquet`, await dataBytes(`${name}.parquet`));
  const lines: string[] = [];
  for (let i = 0; i < 30; i++) {
    const [target] = fakeObjects(i, 4);
    if (i < 14) add(`scenes/images/${i}.png`, await scenePng(i));
    const { colour, shape, digit, box } = target!;
    lines.push(
      JSON.stringify({
        image: `images/${i % 15}.png`,
        question: `What digit is on the ${colour} ${shape}?`,
        answer: digit,
        bbox: i < 15 ? box : undefined,
        data_source: "scenes",
        note: `scene ${i} <b>not markup</b>`,
      }),
    );
  }
  add("scenes/list.jsonl", `${lines.join("\n")}\n{"question": "What is missing?"\n`);
  return files;
}

async function scenePng(seed: number): Promise<Blob> {
  const { width, height, data } = fakeScene(seed, 4);
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++)
    image.data.set([data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!, 255], 4 * i);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
