import type { CoordinateFrame } from "../../image/coordinate_frame.ts";
import type { SizeLimits } from "../../image/smart_resize.ts";
import { families } from "../../model/families/table.ts";
import { ownKeys } from "../../model/preprocessor.ts";

/** How the models of a family see pictures, and what their boxes mean. */
export interface FamilyView {
  /** `model_type` of their config.json. */
  family: string;
  frame: CoordinateFrame;
  limits: SizeLimits;
}

/** The families that a policy elsewhere may be of. */
export const familyNames: readonly string[] = families.map(({ modelType }) => modelType);

/** The first family whose boxes mean that; null where none has such. */
export const familyWith = (frame: CoordinateFrame): string | null =>
  families.find((family) => family.frame === frame)?.modelType ?? null;

const letters = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

/**
 * How pictures are sent to a served model and its boxes read.
 * @param family  the model's family; null: by its name, and the first family where that says none
 * @returns `isGuess` where the name says none
 */
export function remoteView(model: string, family: string | null): FamilyView & { isGuess: boolean } {
  const named = families.find(({ modelType }) =>
    family === null ? letters(model).includes(letters(modelType)) : modelType === family,
  );
  const found = named ?? families[0];
  const files = Object.values(found?.published ?? {})[0];
  if (!found || !files) throw new Error("Expected a family of models with a published one, found none");
  const preprocessor = { json: files.preprocessor, where: ownKeys };
  const { vision } = found.readConfig(files.config, preprocessor);
  const { minPixels, maxPixels } = found.readPreprocessor(preprocessor);
  return {
    family: found.modelType,
    frame: found.frame,
    limits: { factor: vision.patchSize * vision.spatialMergeSize, minPixels, maxPixels },
    isGuess: !named,
  };
}
