import { expect, test } from "vitest";
import { drawnHere, sceneFingerprints } from "../support/scene_fingerprints.ts";

test("scenes are the same to the byte as on the command line", () => {
  expect(drawnHere()).toEqual(sceneFingerprints);
});
