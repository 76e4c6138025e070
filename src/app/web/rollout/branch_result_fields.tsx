import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { GivenResult } from "../../../agent/branch_result.ts";
import type { Box, Pixels } from "../../../image/pixels.ts";
import { resultNames } from "./branch_words.ts";

/** What is chosen in the place of a tool's result. */
export interface ResultChoice {
  kind: GivenResult["kind"];
  text: string;
  picture: Pixels | null;
}

/** The result, null where something has to be chosen first. */
export function resultOf({ kind, text, picture }: ResultChoice, box: Box): GivenResult | null {
  if (kind === "error") return { kind, text };
  if (kind === "box") return { kind, boxSourcePx: box };
  if (kind === "picture") return picture && { kind, picture };
  return { kind };
}

interface Props {
  choice: ResultChoice;
  onChoice(choice: ResultChoice): void;
  /** The fields of the box, where another crop is chosen. */
  box: ComponentChildren;
}

/** What the model is to get from its tool. */
export function ResultFields({ choice, onChoice, box }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <>
      <label class="small howon">
        The tool gives{" "}
        <select
          value={choice.kind}
          onChange={(event) => onChoice({ ...choice, kind: event.currentTarget.value as ResultChoice["kind"] })}
        >
          {(Object.keys(resultNames) as ResultChoice["kind"][]).map((kind) => (
            <option key={kind} value={kind}>
              {resultNames[kind]}
            </option>
          ))}
        </select>
      </label>
      {choice.kind === "box" && box}
      {choice.kind === "error" && (
        <label class="small">
          What it reads
          <textarea
            rows={2}
            class="mono"
            value={choice.text}
            placeholder="Error: the tool is out of order"
            onInput={(event) => onChoice({ ...choice, text: event.currentTarget.value })}
          />
        </label>
      )}
      {choice.kind === "picture" && (
        <p class="small">
          <label class="filebutton">
            Choose a picture
            <input
              type="file"
              accept="image/*"
              onChange={(event) => {
                const [file] = event.currentTarget.files ?? [];
                // Emptied, so that the same file can be chosen again
                if (file)
                  pixelsOf(file).then(
                    (picture) => {
                      setProblem(null);
                      onChoice({ ...choice, picture });
                    },
                    () =>
                      setProblem(
                        `${file.name} is not a picture that this browser can read; choose a PNG, JPEG or WebP`,
                      ),
                  );
                event.currentTarget.value = "";
              }}
            />
          </label>{" "}
          {choice.picture && `${choice.picture.width} × ${choice.picture.height}`}
        </p>
      )}
      {choice.kind === "picture" && problem !== null && (
        <p class="problem small" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

/** Longest side of a picture of one's own; the model gets it smaller. */
const longestSidePx = 2048;

/** The pixels of a picture file on white, at most so large. */
async function pixelsOf(file: File): Promise<Pixels> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, longestSidePx / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = new OffscreenCanvas(width!, height!).getContext("2d")!;
  context.fillStyle = "white";
  context.fillRect(0, 0, width!, height!);
  context.drawImage(bitmap, 0, 0, width!, height!);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width!, height!);
  const pixels = new Uint8Array(width! * height! * 3);
  for (let i = 0; i < width! * height!; i++) pixels.set(data.subarray(i * 4, i * 4 + 3), i * 3);
  return { width: width!, height: height!, data: pixels };
}
