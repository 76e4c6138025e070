import type { RewardRollout } from "./reward_function.ts";

/** Whether an attempt ended with an answer in the form that the run asks for. */
export const wellFormed = ({ end }: RewardRollout): boolean => end === "answer";

/** Whether the tool carried out a call. */
export const zoomed = ({ calls }: RewardRollout): boolean => calls.some(({ outcome }) => outcome === "ok");
