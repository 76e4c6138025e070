import { expect, test } from "vitest";
import { countingGpu } from "../../../src/gpu/counting_device.ts";
import { resized } from "../../../src/image/derived.ts";
import type { Pixels } from "../../../src/image/pixels.ts";
import { mostKeptBytes, PictureSlabs } from "../../../src/model/pictures/slabs.ts";

const picture = (side: number): Pixels => ({ width: side, height: side, data: new Uint8Array(0) });

test("what the pictures of a step come from stays, however many model inputs came before", () => {
  const slabs = new PictureSlabs(countingGpu());
  for (let step = 0; step < 100; step++) {
    const scene = picture(2048);
    const inputs = resized(scene, 700, 700);
    slabs.add([scene]);
    slabs.add([inputs]);
    slabs.trim();
    expect(slabs.placeOf(scene), `step ${step}`).not.toBeNull();
    expect(slabs.placeOf(inputs)).not.toBeNull();
    expect(slabs.bytes).toBeLessThanOrEqual(mostKeptBytes);
  }
});

test("model inputs of late stay where what they come from is too large", () => {
  const slabs = new PictureSlabs(countingGpu());
  const first = resized(picture(4000), 700, 700);
  slabs.add([first]);
  const scenes = [picture(4000), picture(4000)];
  for (const scene of scenes) slabs.add([scene]);
  slabs.trim();
  expect(slabs.placeOf(first)).not.toBeNull();
  expect(scenes.map((scene) => slabs.placeOf(scene) !== null)).toEqual([false, true]);
});

test("model inputs of steps long ago go before what pictures are made from, while others are being made too", () => {
  const slabs = new PictureSlabs(countingGpu());
  const scenes: Pixels[] = [];
  for (let step = 0; step < 60; step++) {
    const scene = picture(2000);
    slabs.begin();
    slabs.add([scene]);
    slabs.trimSources();
    // Two rollouts' crops of the scene before.
    slabs.begin();
    const before = scenes.at(-1);
    if (before) expect(slabs.placeOf(before), `step ${step}`).not.toBeNull();
    const made = [resized(scene, 1000, 1000), resized(scene, 1000, 1000)];
    for (const one of made) {
      slabs.add([one]);
      slabs.trimSources();
    }
    for (const one of made) expect(slabs.placeOf(one)).not.toBeNull();
    slabs.trim();
    expect(slabs.bytes).toBeLessThanOrEqual(mostKeptBytes);
    scenes.push(scene);
  }
});
