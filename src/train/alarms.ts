import type { Metrics } from "./events.ts";

/** A falling zoom rate is told once it is below this, having been above the next. */
const dyingZoomRate = 0.05;
const livingZoomRate = 0.2;

/** Watches a run's metrics for what people should know and would see too late. Each alarm sounds once. */
export class Alarms {
  #highestZoomRate = 0;
  readonly #told = new Set<string>();

  /** Sentences for the step with these metrics. */
  after(metrics: Metrics): string[] {
    const messages: string[] = [];
    const tell = (name: string, message: string) => {
      if (this.#told.has(name)) return;
      this.#told.add(name);
      messages.push(message);
    };
    const zoomRate = metrics.zoom_rate ?? 0;
    this.#highestZoomRate = Math.max(this.#highestZoomRate, zoomRate);
    if (zoomRate < dyingZoomRate && this.#highestZoomRate > livingZoomRate)
      tell(
        "zoom",
        `Zooming is dying out: ${percent(zoomRate)} of the rollouts zoom, ${percent(this.#highestZoomRate)} did; a bonus for zooming may bring it back`,
      );
    if (!Number.isFinite(metrics.grad_norm))
      tell("gradient", "The gradient is not a number, so the weights were left as they are; lower the learning rate");
    if (metrics.zero_variance_groups === 1 && (metrics.accuracy ?? 0) < 0.5)
      tell(
        "variance",
        "All rollouts of every task have the same reward, so there is nothing to learn from; raise the temperature or make the task easier",
      );
    return messages;
  }
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
