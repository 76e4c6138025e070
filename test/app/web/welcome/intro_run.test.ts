import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readEventsFile } from "../../../../src/app/web/browser/events_file.ts";
import { recordings } from "../../../../src/app/web/run/recordings.ts";
import { foldAll } from "../../../../src/app/web/run/run_state.ts";
import { introPictures, placeAt, playMs } from "../../../../src/app/web/welcome/intro_run.ts";
import { introOf } from "../../../support/intro_of.ts";

const besidePage = (name: string) => readFileSync(new URL(`../../../../public/${name}`, import.meta.url));

async function intro() {
  const unpacked = new Blob([besidePage(recordings[0]!.file)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return introOf(foldAll(readEventsFile("recording", await new Response(unpacked).text()).events));
}

describe("the recording of the start page", () => {
  it("is made from the whole recording, and small", async () => {
    const text = besidePage("recorded/intro.json").toString();
    // To write it anew: the text below.
    expect(text).toBe(`${JSON.stringify(await intro())}\n`);
    expect(text.length).toBeLessThan(12_000);
  });

  it("begins with wrong answers and ends with right ones that zoomed", async () => {
    const { shown, accuracy, zoomRate } = await intro();
    const outcomes = shown.map(({ attempts, chosen }) => attempts[chosen]!.outcome);
    expect(outcomes[0]).toBe("wrong");
    expect(outcomes.at(-1)).toBe("rightWithTool");
    expect([accuracy.length, zoomRate.length]).toEqual([100, 100]);
  });

  it("has pictures at the size at which the model gets them, with a crop where it zoomed", async () => {
    const { shown, scene } = await intro();
    for (const step of [shown[0]!, shown.at(-1)!]) {
      const { original, seen, crop } = introPictures(step, scene);
      expect([original.width, seen.width, crop?.width]).toEqual([
        512,
        64,
        step.attempts[step.chosen]!.boxPx ? 64 : undefined,
      ]);
    }
  });

  it("plays from the first step to the last, and stays there", async () => {
    const run = await intro();
    const places = Array.from({ length: 1 + playMs(run) / 50 }, (_, i) => placeAt(i * 50, run));
    expect(places[0]).toEqual({ step: 1, index: 0 });
    expect(places.at(-1)).toEqual({ step: 100, index: run.shown.length - 1 });
    expect(places.every(({ step }, i) => i === 0 || step >= places[i - 1]!.step)).toBe(true);
    expect(new Set(places.map(({ index }) => index)).size).toBe(run.shown.length);
  });
});
