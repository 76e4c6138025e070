import type { EnvironmentName } from "../tools/tool.ts";
import { deepEyesEnvironment } from "./deepeyes.ts";
import type { Environment, EnvironmentSettings } from "./environment.ts";
import { saccadeEnvironment } from "./saccade.ts";
import { verlEnvironment } from "./verl.ts";

const environments: Record<EnvironmentName, (settings: EnvironmentSettings) => Environment> = {
  saccade: saccadeEnvironment,
  verl: verlEnvironment,
  deepeyes: deepEyesEnvironment,
};

export const openEnvironment = (settings: EnvironmentSettings): Environment => environments[settings.tool](settings);
