import type { Metrics } from "./events.ts";

/** A falling zoom rate is an alarm once it is below the first, having been above the second. */
const dyingZoomRate = 0.05;
const livingZoomRate = 0.2;

/** Entropy is an alarm once it is below this share of the highest that the run has had. */
const collapsedEntropyShare = 0.05;

/** Watches a run's metrics for what people would notice too late. Each alarm is raised once. */
export class Alarms {
  #highestZoomRate = 0;
  #highestEntropy = 0;
  readonly #raised = new Set<string>();
  readonly #unpaid: string;

  /** @param unpaid  which attempts the run's reward leaves unpaid, where it says so */
  constructor(unpaid?: string) {
    this.#unpaid = unpaid === undefined ? "" : `: ${unpaid}`;
  }

  /** Sentences for the step with these metrics. */
  after(metrics: Metrics): string[] {
    const messages: string[] = [];
    const raise = (name: string, message: string) => {
      if (this.#raised.has(name)) return;
      this.#raised.add(name);
      messages.push(message);
    };
    const zoomRate = metrics.zoom_rate ?? 0;
    this.#highestZoomRate = Math.max(this.#highestZoomRate, zoomRate);
    if (zoomRate < dyingZoomRate && this.#highestZoomRate > livingZoomRate)
      raise(
        "zoom",
        `Zooming is dying out: ${percent(zoomRate)} of the rollouts zoom, ${percent(this.#highestZoomRate)} did; a bonus for zooming may bring it back`,
      );
    if (!Number.isFinite(metrics.grad_norm))
      raise("gradient", "The gradient is not a number, so the weights were left as they are; lower the learning rate");
    const lost = Object.keys(metrics).filter((name) => name !== "grad_norm" && !Number.isFinite(metrics[name]));
    if (lost.length > 0)
      raise(
        "number",
        `${lost.slice(0, 3).join(", ")}${lost.length > 3 ? ` and ${lost.length - 3} more` : ""} ${lost.length === 1 ? "is not a number" : "are not numbers"}; stop, and go on from the last checkpoint with a lower learning rate`,
      );
    // Without a verdict all are paid alike, which says nothing about the task.
    if (metrics.zero_variance_groups === 1 && metrics.accuracy !== undefined && metrics.accuracy < 0.5)
      raise(
        "variance",
        "All rollouts of every task have the same reward, so there is nothing to learn from; raise the temperature or make the task easier",
      );
    if (metrics.truncated === 1)
      raise(
        "truncated",
        "Every rollout ran out of tokens or turns before it answered; raise the limits of its turns or the number of calls",
      );
    if (metrics.unscored === 1)
      raise(
        "unscored",
        `No rollout of this step has a reward, so the weights stayed as they are; test the judge, and see that the reward can pay for these tasks${this.#unpaid}`,
      );
    const entropy = Number.isFinite(metrics.entropy) ? metrics.entropy! : this.#highestEntropy;
    this.#highestEntropy = Math.max(this.#highestEntropy, entropy);
    if (entropy < collapsedEntropyShare * this.#highestEntropy)
      raise(
        "entropy",
        `The entropy has collapsed to ${short(entropy)} nats from ${short(this.#highestEntropy)}, so rollouts of a task hardly differ; lower the learning rate or give the entropy a weight`,
      );
    return messages;
  }
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const short = (value: number): string => String(Number(value.toPrecision(2)));
