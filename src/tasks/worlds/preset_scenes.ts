import type { SceneSettings } from "./world.ts";

/** Each world's scenes as its preset has them, and as the lessons of the model of several worlds show them. Lengths in source px. */
export const presetScenes = {
  needle: {},
  hunt: { objects: 5, shapeMinPx: 280, shapeMaxPx: 340, glyphPx: 10 },
  relate: {},
  count: { objects: 8, shapeMinPx: 56, shapeMaxPx: 96, overlap: 0.3 },
  read: { shapeMinPx: 84, shapeMaxPx: 110 },
  order: {},
} satisfies Record<string, Partial<SceneSettings>>;
