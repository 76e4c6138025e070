/** Matrix units as kernels use them: products of f16 matrices with f32 sums. */
export interface MatrixUnits {
  /** Rows, columns and length of the sum of one product of matrices. */
  side: 8 | 16;
  /** Threads of a subgroup, which share a matrix. */
  lanes: number;
}

/** Features to request from the device. */
export const matrixFeatures = ["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"] as const;

/** Workgroup memory that the kernels need at most, bytes. */
const workgroupBytes = 32_768;

/** Fields of GPUAdapterInfo about matrix units, which @webgpu/types lacks. */
interface MatrixInfo {
  subgroupMinSize?: number;
  subgroupMaxSize?: number;
  subgroupMatrixConfigs?: Iterable<{
    M: number;
    N: number;
    K: number;
    componentType: string;
    resultComponentType: string;
  }>;
}

/** The matrix units that an adapter offers, or a few words that say what it lacks. */
export function matrixUnitsOf({
  features,
  info,
  limits,
}: {
  features: Pick<ReadonlySet<string>, "has">;
  info: MatrixInfo;
  limits: Pick<GPUSupportedLimits, "maxComputeWorkgroupStorageSize">;
}): MatrixUnits | string {
  const missing = matrixFeatures.filter((feature) => !features.has(feature));
  if (missing.length > 0) return `it lacks ${missing.join(", ")}`;
  if (limits.maxComputeWorkgroupStorageSize < workgroupBytes)
    return `it has ${limits.maxComputeWorkgroupStorageSize} bytes of workgroup memory, not ${workgroupBytes}`;
  const { subgroupMinSize: least, subgroupMaxSize: lanes } = info;
  // Kernels are laid out for one subgroup size.
  if (!lanes || least !== lanes) return `its subgroups have ${least} to ${lanes} threads, expected one size`;
  const configs = [...(info.subgroupMatrixConfigs ?? [])];
  for (const side of [16, 8] as const) {
    const isOurs = ({ M, N, K, componentType, resultComponentType }: (typeof configs)[number]) =>
      [M, N, K].every((n) => n === side) && componentType === "f16" && resultComponentType === "f32";
    if (configs.some(isOurs)) return { side, lanes };
  }
  return "it multiplies no matrices of 16 x 16 or 8 x 8 halves with sums in f32";
}
