import type { Estimate } from "./estimate.ts";

/** A device by what was measured on it with our own kernels (docs/bench.md). */
export interface Device {
  name: string;
  /** What a sentence says of where these numbers are from. */
  measured: string;
  /** Operations of the forward and of the backward pass, in whole steps of large models. */
  forwardPerSecond: number;
  backwardPerSecond: number;
  /** Weights read while all rollouts write a token. */
  bytesPerSecond: number;
  /** The least that a token takes, and what a step takes besides kernels. */
  tokenSeconds: number;
  hostSeconds: number;
}

export const h200: Device = {
  name: "an NVIDIA H200",
  measured: "30 TFLOP/s, 0.4 TB/s of weights and at least 1.25 ms for a token of all rollouts",
  forwardPerSecond: 30e12,
  backwardPerSecond: 30e12,
  bytesPerSecond: 0.4e12,
  tokenSeconds: 1.25e-3,
  hostSeconds: 0.12,
};

/** lavapipe and SwiftShader. */
export const software = (cores: number): Device => ({
  name: `the ${cores} cores of this machine`,
  measured: "0.5 GFLOP/s a core",
  forwardPerSecond: 0.5e9 * cores,
  backwardPerSecond: 0.5e9 * cores,
  bytesPerSecond: 1e9 * cores,
  tokenSeconds: 0.01,
  hostSeconds: 0.12,
});

/**
 * Seconds of a usual step: its operations at the device's rates; a token that all rollouts write at the same time takes
 * no less than reading the weights once.
 */
export function secondsOfStep(
  { flops, usual, parameters, memory }: Estimate,
  device: Device,
): { roll: number; update: number } {
  const { forwardPerSecond, backwardPerSecond, bytesPerSecond, tokenSeconds, hostSeconds } = device;
  const weights = memory.find(({ what }) => what === "weights")?.usualBytes ?? 4 * parameters;
  const token = Math.max(tokenSeconds, weights / bytesPerSecond, flops.token / forwardPerSecond);
  return {
    roll: flops.prefill / forwardPerSecond + usual.modelTokens * token + hostSeconds,
    update: (flops.forward + flops.reference) / forwardPerSecond + flops.backward / backwardPerSecond,
  };
}
