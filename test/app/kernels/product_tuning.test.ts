import { describe, expect, test } from "vitest";
import { openCachedTexts } from "../../../src/app/deno/storage/cached_texts.ts";
import { choiceFrom, type TimedProduct, type Trial, tuneProducts } from "../../../src/app/kernels/product_tuning.ts";
import { chooseProductsFor } from "../../../src/app/kernels/tuned_products.ts";
import { countingGpu } from "../../../src/gpu/counting_device.ts";
import { type Gpu, GpuError } from "../../../src/gpu/gpu.ts";
import { Plan } from "../../../src/gpu/plan.ts";
import type { Model } from "../../../src/model/model.ts";
import { Parameters } from "../../../src/model/parameters.ts";
import { multiply } from "../../../src/ops/dense_product.ts";
import { multiplyInParts } from "../../../src/ops/product.ts";
import { kernelOf, productChoice, usualChoice } from "../../../src/ops/product_choice.ts";
import { gpu } from "../../support/device.ts";

describe("a choice", () => {
  test("names a kernel for every size", () => {
    expect(kernelOf(usualChoice, 8, 100_000)).toBe("thin");
    expect(kernelOf(usualChoice, 16, 11_008)).toBe("thin");
    expect(kernelOf(usualChoice, 64, 11_008)).toBe("tiled");
    expect(kernelOf(usualChoice, 2048, 2048)).toBe("wide");
  });

  test("goes without kernels that are left out", () => {
    expect(kernelOf({ ...usualChoice, without: ["wide"] }, 2048, 2048)).toBe("tiled");
    expect(kernelOf({ ...usualChoice, without: ["tiled"] }, 64, 11_008)).toBe("wide");
    expect(kernelOf({ ...usualChoice, without: ["thin", "tiled", "wide"] }, 1, 64)).toBe("untiled");
  });

  const timed = (thinTo: number, wideFrom: number, factor = 2): TimedProduct[] => [
    ...[8, 16, 32, 64].map((N) => ({
      N,
      O: 16_384,
      ms: { thin: N <= thinTo ? 1 : factor, tiled: N <= thinTo ? factor : 1 },
    })),
    ...[512, 1024, 2048, 3072].map((N) => ({
      N,
      O: 2048,
      ms: { tiled: N >= wideFrom ? factor : 1, wide: N >= wideFrom ? 1 : factor },
    })),
  ];

  test("never uses wide tiles that would be half empty", () => {
    const choice = { ...usualChoice, mostThinRows: 4, mostThinOutputs: 0, busyWideGroups: 64 };
    for (const N of [16, 64]) expect(kernelOf(choice, N, 22_016)).toBe("tiled");
    expect(kernelOf(choice, 65, 22_016)).toBe("wide");
  });

  test("follows the times", () => {
    const choice = choiceFrom(timed(32, 1024), []);
    for (const N of [8, 16, 32]) expect(kernelOf(choice, N, 16_384)).toBe("thin");
    expect(kernelOf(choice, 64, 16_384)).toBe("tiled");
    expect(kernelOf(choice, 512, 2048)).toBe("tiled");
    for (const N of [1024, 2048, 3072]) expect(kernelOf(choice, N, 2048)).toBe("wide");
  });

  test("takes few rows as few for any number of outputs, beyond those that were tried", () => {
    const choice = choiceFrom(timed(16, 1024), []);
    expect(kernelOf(choice, 16, 151_936)).toBe("thin");
    expect(kernelOf(choice, 32, 16_384)).toBe("tiled");
  });

  test("stays the usual one where little is gained", () => {
    expect(choiceFrom(timed(32, 1024, 1.01), [])).toEqual(usualChoice);
    expect(choiceFrom([], ["wide"])).toEqual({ ...usualChoice, without: ["wide"] });
  });
});

const small: Trial = {
  width: 64,
  height: 1024,
  products: [{ N: 8, O: 256, kernels: ["thin", "tiled"] }],
  rotatedBytes: 1,
  multiply: multiplyInParts,
};

describe("trying", { timeout: 240_000 }, () => {
  test("finds all kernels right, and gives back what it took", async () => {
    const before = gpu.pool.allocatedBytes;
    const { choice, notices } = await tuneProducts(gpu, { dtype: "f32" }, small);
    expect(notices).toEqual([]);
    expect(choice.without).toEqual([]);
    await tuneProducts(gpu, { dtype: "f32" }, small);
    // The second try is served by what the first gave back.
    expect(gpu.pool.allocatedBytes - before).toBeLessThan(2 ** 21);
  });

  test("a kernel in other bits is left out, and named", async () => {
    const wrong: Trial["multiply"] = (plan, product, kernel) => {
      multiplyInParts(plan, product, kernel);
      const { weight, out } = product;
      // The last number of all is another.
      if (kernel === "thin")
        multiply(plan, {
          ...product,
          weight: { ...weight, shape: [4, 64] },
          out: { ...out, shape: [out.shape[0]!, 4] },
        });
    };
    const { choice, notices } = await tuneProducts(gpu, { dtype: "f32" }, { ...small, multiply: wrong });
    expect(choice.without).toEqual(["thin"]);
    expect(notices).toEqual([expect.stringMatching(/thin products is left out .* bits differ .* row 0 of 2/)]);
  });

  test("memory that is short says nothing of a kernel: nothing is chosen then", async () => {
    const full: Trial["multiply"] = () => {
      throw new GpuError("The GPU has no memory", "memory");
    };
    await expect(tuneProducts(gpu, { dtype: "f32" }, { ...small, multiply: full })).rejects.toThrow("has no memory");
  });

  test("a kernel that is refused is left out, and named", async () => {
    const refused: Trial["multiply"] = (plan, product, kernel) => {
      if (kernel === "wide") throw new Error("no such kernel here");
      multiplyInParts(plan, product, kernel);
    };
    const { choice, notices } = await tuneProducts(gpu, { dtype: "f32" }, { ...small, multiply: refused });
    expect(choice.without).toEqual(["wide"]);
    expect(notices).toEqual([expect.stringMatching(/wide products is left out .* no such kernel here/)]);
  });
});

describe("what was found", () => {
  /** A card with timestamps that computes nothing, and a large model on it. */
  function card(count: number): { gpu: Gpu; model: Model } {
    const gpu = countingGpu();
    Object.defineProperty(gpu, "canTime", { value: true });
    Object.defineProperty(gpu.device, "adapterInfo", {
      value: { vendor: "maker", architecture: "", device: "card", description: "driver 1" },
    });
    const parameters = new Parameters(gpu, [{ name: "weight", shape: [1024, count / 1024] }], { trained: false });
    return { gpu, model: { parameters } as unknown as Model };
  }
  const large = 1024 * 256 * 1024;
  const found = { mostThinRows: 16, mostThinOutputs: 0, busyWideGroups: 64, without: [] };
  const tried = () => {
    let count = 0;
    const tune = async () => {
      count++;
      return { choice: found, notices: [] };
    };
    return { tune, times: () => count };
  };

  test("is kept for the card, and used by the next session without another try", async () => {
    const folder = await Deno.makeTempDir();
    try {
      const kept = openCachedTexts(`${folder}/cache`);
      for (const session of [1, 2]) {
        const { tune, times } = tried();
        const { gpu, model } = card(large);
        expect(await chooseProductsFor(gpu, model, kept, tune)).toEqual([]);
        expect(times(), `session ${session}`).toBe(session === 1 ? 1 : 0);
        expect(productChoice(gpu, "f32")).toEqual(found);
        const plan = new Plan(gpu, "product");
        multiply(plan, {
          x: plan.empty("x", [16, 64]),
          weight: plan.empty("w", [4096, 64]),
          out: plan.empty("out", [16, 4096]),
        });
        expect(plan.recorded[0]!.shader.name).toBe("product_thin");
      }
      const names: string[] = [];
      for await (const { name } of Deno.readDir(`${folder}/cache`)) names.push(name);
      expect(names).toHaveLength(1);
      await Deno.writeTextFile(`${folder}/cache/${names[0]}`, '{"mostThinRows": -1}');
      const { tune, times } = tried();
      const { gpu, model } = card(large);
      await chooseProductsFor(gpu, model, kept, tune);
      expect(times(), "what is not ours is tried again").toBe(1);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  test("that cannot be cached is used, and reported", async () => {
    const { tune } = tried();
    const { gpu, model } = card(large);
    const kept = {
      read: async () => null,
      write: async () => {
        throw new Error("the disk is full");
      },
    };
    expect(await chooseProductsFor(gpu, model, kept, tune)).toEqual([expect.stringMatching(/the disk is full/)]);
    expect(productChoice(gpu, "f32")).toEqual(found);
  });

  test("where it cannot be tried the usual kernels are taken, nothing is cached, and it is reported", async () => {
    const { gpu, model } = card(large);
    const written: string[] = [];
    const kept = { read: async () => null, write: async (name: string) => void written.push(name) };
    const full = async () => {
      throw new GpuError("The GPU has no memory for 79 GiB", "memory");
    };
    expect(await chooseProductsFor(gpu, model, kept, full)).toEqual([
      expect.stringMatching(/could not be tried, so the usual ones are taken: The GPU has no memory for 79 GiB/),
    ]);
    expect(written).toEqual([]);
    expect(productChoice(gpu, "f32")).toBe(usualChoice);
    gpu.lost = true;
    await expect(chooseProductsFor(gpu, model, kept, full)).rejects.toThrow("no memory");
  });

  test("small models and software adapters are not tried", async () => {
    const { tune, times } = tried();
    const { gpu: other, model } = card(1024 * 1024);
    expect(await chooseProductsFor(other, model, undefined, tune)).toEqual([]);
    const { model: big } = card(large);
    expect(await chooseProductsFor(gpu, big, undefined, tune)).toEqual([]);
    expect(times()).toBe(0);
    expect(productChoice(gpu, "f32")).toBe(usualChoice);
  });
});
