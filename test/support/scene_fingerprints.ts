import { resize } from "../../src/image/resize.ts";
import { scenePictures } from "../../src/tasks/sources/scenes.ts";
import { fingerprint } from "./fingerprint.ts";

const settings = { objects: 4, glyphPx: 3, shapeMinPx: 48, shapeMaxPx: 64, legibleShare: 0 };

/** Pictures by the id of their task, originals and model inputs. Every engine must come to these. */
export const sceneFingerprints = [
  { id: "needle/7/train/12/3", legibleShare: 0, original: "a69ab64d", modelInput: "2015943f" },
  { id: "needle/0/train/0/0", legibleShare: 0, original: "a51e37a2", modelInput: "7ff79d0c" },
  { id: "needle/0/train/0/0", legibleShare: 1, original: "751b8aaf", modelInput: "1fb948e1" },
  { id: "needle/4294967295/heldout/0/255", legibleShare: 0, original: "dcfd5183", modelInput: "e07c6e90" },
] as const;

/** What this engine makes of them. */
export const renderedHere = () =>
  sceneFingerprints.map(({ id, legibleShare }) => {
    const [picture] = scenePictures(id, { ...settings, legibleShare });
    return {
      id,
      legibleShare,
      original: fingerprint(picture!.data),
      modelInput: fingerprint(resize(picture!, 64, 64).data),
    };
  });
