import type { Gpu } from "../../gpu/gpu.ts";
import { type Dtype, size } from "../../gpu/tensor.ts";
import type { Model } from "../../model/model.ts";
import type { WeightForm } from "../../model/weight_form.ts";
import { inTiles, productSources } from "../../ops/product.ts";
import { chooseProducts, kernelsInTiles, type ProductChoice } from "../../ops/product_choice.ts";
import type { Platform } from "../../platform.ts";
import { sha256 } from "../../tasks/sha256.ts";
import { tuneProducts } from "./product_tuning.ts";

/** Smaller models are bound by the number of their dispatches, not by products: nothing to gain there. */
const leastWeights = 200e6;

/** Dtypes that hold less than this share of a model's weights are not worth the time. */
const leastShare = 0.25;

/**
 * Chooses the kernels of a model's products by trying them on this device, once for each adapter, driver, dtype and state
 * of the kernels; the platform caches the choice. Not on software adapters, without timestamps, or for models of less
 * than 200 million weights. Results have the same bits whatever is chosen.
 *
 * @param tune  what tries them; a test gives its own
 * @returns     sentences for people: kernels that had to be left out, or why the choice could not be cached
 */
export async function chooseProductsFor(
  gpu: Gpu,
  model: Model,
  cache: Platform["cache"],
  tune: typeof tuneProducts = tuneProducts,
): Promise<string[]> {
  if (gpu.software || gpu.plain || !gpu.canTime || !inTiles(gpu)) return [];
  if (model.parameters.count < leastWeights) return [];
  const notices: string[] = [];
  for (const form of commonForms(model)) {
    const name = await nameOf(gpu, form.dtype);
    const known = readChoice((await cache?.read(name).catch(() => null)) ?? null);
    if (known) {
      chooseProducts(gpu, form.dtype, known);
      continue;
    }
    const found = await tune(gpu, form).catch((error: Error) => {
      gpu.check();
      if (gpu.lost) throw error;
      return error;
    });
    if (found instanceof Error) {
      notices.push(`Which kernels are fastest here could not be tried, so the usual ones are taken: ${found.message}`);
      continue;
    }
    chooseProducts(gpu, form.dtype, found.choice);
    notices.push(...found.notices);
    try {
      await cache?.write(name, JSON.stringify(found.choice));
    } catch (error) {
      notices.push(
        `Which kernels are fastest here could not be cached, and is tried again next time: ${(error as Error).message}`,
      );
    }
  }
  return notices;
}

/** The forms that most of a model's matrices are in. */
function commonForms({ parameters }: Model): WeightForm[] {
  const numbers = new Map<Dtype, { count: number; form: WeightForm }>();
  let all = 0;
  for (const { name, shape } of parameters.shapes) {
    if (shape.length < 2) continue;
    const { dtype, block } = parameters.get(name);
    const one = numbers.get(dtype) ?? { count: 0, form: { dtype, block } as WeightForm };
    one.count += size(shape);
    all += size(shape);
    numbers.set(dtype, one);
  }
  return [...numbers.values()].filter(({ count }) => count >= leastShare * all).map(({ form }) => form);
}

async function nameOf({ device, adapterName }: Gpu, dtype: Dtype): Promise<string> {
  // Some browsers give these on the adapter only.
  const { vendor, architecture, device: model, description } = (device.adapterInfo as GPUAdapterInfo | undefined) ?? {};
  const { limits } = device;
  const parts = [
    adapterName,
    vendor,
    architecture,
    model,
    description,
    limits.maxComputeWorkgroupStorageSize,
    ...productSources,
  ];
  const hash = await sha256(new TextEncoder().encode(parts.join("\n")));
  return `products-${dtype}-${hash.slice(0, 24)}`;
}

/** Null where there is none, or it is not of our format. */
function readChoice(text: string | null): ProductChoice | null {
  if (text === null) return null;
  try {
    const { mostThinRows, mostThinOutputs, busyWideGroups, without } = JSON.parse(text) as ProductChoice;
    const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
    const isKnown = Array.isArray(without) && without.every((kernel) => kernelsInTiles.includes(kernel));
    if (![mostThinRows, mostThinOutputs, busyWideGroups].every(isCount) || !isKnown) return null;
    return { mostThinRows, mostThinOutputs, busyWideGroups, without };
  } catch {
    return null;
  }
}
