import { expect, test } from "vitest";
import { renderedHere, sceneFingerprints } from "../support/scene_fingerprints.ts";

test("scenes are the same to the byte as on the command line", () => {
  expect(renderedHere()).toEqual(sceneFingerprints);
});
