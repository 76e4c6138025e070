/** Groups of charts, in the order in which they stand. */
export const groupNames = [
  "outcome",
  "tool",
  "learning",
  "rollouts",
  "heldout",
  "judge",
  "machine",
  "own",
  "rest",
] as const;
export type GroupName = (typeof groupNames)[number];

export const groupTitles: Record<GroupName, string> = {
  outcome: "Outcome",
  tool: "Use of the tool",
  learning: "Learning",
  rollouts: "Rollouts",
  heldout: "Held-out tasks",
  judge: "Judge",
  machine: "Time and memory",
  own: "Your own charts",
  rest: "All other metrics",
};
