/** Parts of the page that a lesson's link may hide, or show alone, by the names that stand in it. Knobs have their own names. */
export const parts = {
  settings: "all settings, the left column",
  experiment: "preset and first knobs",
  memory: "GPU memory",
  whatif: "What if",
  reward: "the reward",
  judge: "the judge",
  allsettings: "All settings",
  verl: "the verl command",
  config: "settings as a file",
  warmup: "training from scratch",
  export: "export of the model",
  away: "While you are away",
  run: "health, curves and groups",
  worth: "what the crops were worth",
  timeline: "time of the kernels",
  rollout: "the chosen rollout",
  tabs: "the row of views",
  train: "Train, in that row",
  step: "Step through, in that row",
  compare: "Compare, in that row",
  runs: "Runs, in that row",
  data: "Data, in that row",
  learn: "Learn, in that row",
  device: "graphics card and model",
} as const;

export type PartName = keyof typeof parts;
