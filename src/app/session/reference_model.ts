import type { Gpu } from "../../gpu/gpu.ts";
import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import { loadModel } from "../../model/load.ts";
import type { Model } from "../../model/model.ts";
import { openAdapter } from "../../train/adapter.ts";
import { hasAdapter } from "../../train/adapter_settings.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { Learner } from "../../train/learner.ts";
import { useMatrixUnits } from "../kernels/matrix_units.ts";

/** The model that a run began with, for KLs to it; nothing is loaded before one is asked for. */
export class ReferenceModel implements Pick<Learner, "logprobs"> {
  #learner: Promise<Learner> | null = null;

  /**
   * @param trained      the model that the run changes
   * @param files        of the folder that it was loaded from
   * @param adapterFiles of the adapter that it goes on from, if any
   */
  constructor(
    readonly gpu: Gpu,
    readonly trained: Model,
    readonly files: CheckpointFiles,
    readonly config: RunConfig,
    readonly adapterFiles: CheckpointFiles | null,
  ) {}

  /** To be called before other weights are put into the trained model. */
  open(): Promise<Learner> {
    if (!this.#learner) {
      this.#learner = this.#load();
      // What failed once may work the next time.
      this.#learner.catch(() => {
        this.#learner = null;
      });
    }
    return this.#learner;
  }

  async logprobs(...asked: Parameters<Learner["logprobs"]>): Promise<Float32Array> {
    return (await this.open()).logprobs(...asked);
  }

  async #load(): Promise<Learner> {
    const { gpu, config, trained } = this;
    // Under a new adapter the weights stay as they are: the model without it is the reference.
    if (hasAdapter(config) && this.adapterFiles === null) return new Learner(gpu, trained.withoutAdapter(), "policy");
    const { baseDtype, kvCacheDtype } = config;
    const model = await loadModel(gpu, this.files, { trained: false, baseDtype, kvCacheDtype });
    // As the model that it is compared with.
    await useMatrixUnits(gpu, model);
    if (this.adapterFiles) model.adapter = await openAdapter(gpu, model, config, this.adapterFiles);
    return new Learner(gpu, model, "policy");
  }
}
