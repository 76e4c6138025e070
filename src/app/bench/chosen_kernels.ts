import type { Model } from "../../model/model.ts";
import { useMatrixUnits } from "../kernels/matrix_units.ts";
import { chooseProductsFor } from "../kernels/tuned_products.ts";
import type { Bench } from "./workload.ts";

/** Chooses kernels for a model's products like a run does. @throws Error where matrix units are requested and cannot be used */
export async function chooseKernels({ gpu, isTuned, platform }: Bench, model: Model): Promise<void> {
  const [problem] = await useMatrixUnits(gpu, model);
  if (problem !== undefined) throw new Error(problem);
  if (isTuned) await chooseProductsFor(gpu, model, platform.cache);
}
