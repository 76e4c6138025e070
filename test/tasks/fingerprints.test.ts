import { expect, test } from "vitest";
import { drawnHere, sceneFingerprints } from "../support/scene_fingerprints.ts";

test("scenes are the same to the byte as in a browser", () => {
  expect(drawnHere()).toEqual(sceneFingerprints);
});
