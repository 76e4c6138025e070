import { resize } from "../../src/image/resize.ts";
import { needlePictures } from "../../src/tasks/sources/needle.ts";
import { fingerprint } from "./fingerprint.ts";

const settings = { objects: 4, glyphPx: 3, shapeMinPx: 48, shapeMaxPx: 64, legibleShare: 0 };

/** Pictures by the id of their task, as drawn and as the model sees them. Every engine must come to these. */
export const sceneFingerprints = [
  { id: "needle/7/train/12/3", legibleShare: 0, drawn: "a69ab64d", shown: "2015943f" },
  { id: "needle/0/train/0/0", legibleShare: 0, drawn: "a51e37a2", shown: "7ff79d0c" },
  { id: "needle/0/train/0/0", legibleShare: 1, drawn: "751b8aaf", shown: "1fb948e1" },
  { id: "needle/4294967295/heldout/0/255", legibleShare: 0, drawn: "dcfd5183", shown: "e07c6e90" },
] as const;

/** What this engine makes of them. */
export const drawnHere = () =>
  sceneFingerprints.map(({ id, legibleShare }) => {
    const [picture] = needlePictures(id, { ...settings, legibleShare });
    return {
      id,
      legibleShare,
      drawn: fingerprint(picture!.data),
      shown: fingerprint(resize(picture!, 64, 64).data),
    };
  });
