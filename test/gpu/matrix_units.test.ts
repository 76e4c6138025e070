import { describe, expect, test } from "vitest";
import { Gpu } from "../../src/gpu/gpu.ts";
import { matrixFeatures, matrixUnitsOf } from "../../src/gpu/matrix_units.ts";

describe("what an adapter offers", () => {
  const config = { M: 16, N: 16, K: 16, componentType: "f16", resultComponentType: "f32" };
  const adapterWith = (changes: object = {}, features: readonly string[] = matrixFeatures) => ({
    features: new Set(features),
    info: { subgroupMinSize: 32, subgroupMaxSize: 32, subgroupMatrixConfigs: [config], ...changes },
    limits: { maxComputeWorkgroupStorageSize: 49_152 },
  });
  test("is used where all of it is there", () => {
    expect(matrixUnitsOf(adapterWith())).toEqual({ side: 16, lanes: 32 });
    const small = { ...config, M: 8, N: 8, K: 8 };
    expect(matrixUnitsOf(adapterWith({ subgroupMatrixConfigs: [small] }))).toEqual({ side: 8, lanes: 32 });
  });
  test("is named where something is missing", () => {
    expect(matrixUnitsOf(adapterWith({}, ["subgroups"]))).toBe(
      "it lacks shader-f16, chromium-experimental-subgroup-matrix",
    );
    expect(matrixUnitsOf(adapterWith({ subgroupMinSize: 8 }))).toMatch(/8 to 32 threads/);
    expect(matrixUnitsOf(adapterWith({ subgroupMatrixConfigs: [{ ...config, resultComponentType: "f16" }] }))).toMatch(
      /no matrices of/,
    );
    expect(matrixUnitsOf({ ...adapterWith(), limits: { maxComputeWorkgroupStorageSize: 16_384 } })).toMatch(
      /16384 bytes/,
    );
  });
  test("is refused in one sentence", async () => {
    await expect(Gpu.open(navigator.gpu, { matrixUnits: true })).rejects.toThrow(
      /^The matrix units that matrixUnits asks for are not offered by this adapter: it lacks .*; leave matrixUnits off, or run/,
    );
  });
});
