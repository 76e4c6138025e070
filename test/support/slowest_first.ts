import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take longest, by seconds of CPU with an empty shader cache; above all they compile kernels. Begun last, one of them
 * would leave the other worker without anything to do.
 */
const slow = [
  "ops/attention_kernels",
  "ops/product",
  "model/base_dtypes",
  "train/base_dtypes",
  "learn",
  "docs_commands",
  "ops/unshared",
  "kernels",
  "app/deno/kill_train",
  "app/bench/bench",
  "app/session/pictures",
  "app/library/outside",
  "app/library/examples",
  "policy/gpu_policy",
  "model/lora",
  "app/session/quantized_folder",
];

/** Slow files first, the others in the usual order. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = slow.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return at < 0 ? slow.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
