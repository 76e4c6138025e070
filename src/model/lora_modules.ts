import type { LoraConfig } from "./lora_config.ts";
import { PatternError } from "./pattern/pattern.ts";
import { PythonPattern } from "./pattern/python_pattern.ts";

/** What an adapter's configuration sets for a module, by its name, as PEFT 0.21 finds it. */
export interface ModuleMatcher {
  /** Whether all linear layers are meant, whatever their names. */
  readonly namesAll: boolean;
  isTarget(name: string): boolean;
  isExcluded(name: string): boolean;
  rank(name: string): number;
  alpha(name: string): number;
}

/** Steps for all names of a model together: a second or so. */
const maxSteps = 10_000_000;

/** A name, and what follows each of its dots. */
function endsOf(name: string): string[] {
  const parts = name.split(".");
  return parts.map((_, i) => parts.slice(i).join("."));
}

/**
 * Sources: `check_target_module_exists` (tuners_utils.py), `get_pattern_key` (utils/other.py).
 * @throws Error, also as it is used, naming the key whose pattern cannot be read or takes too long
 */
export function matcherOf(config: Omit<LoraConfig, "json">): ModuleMatcher {
  const { targetModules, excludeModules, layers, layersPattern } = config;
  const budget = { left: maxSteps };
  /** A pattern compiled from `source`; errors name the key and the value there. */
  const pattern = (key: string, value: string, source: string) => {
    const named = <T>(work: () => T): T => {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        throw new Error(
          `adapter_config.json: ${key} ${JSON.stringify(value).slice(0, 120)} is a regular expression that cannot be used: ${error.message}`,
        );
      }
    };
    const compiled = named(() => new PythonPattern(source));
    return {
      fullmatch: (name: string) => named(() => compiled.fullmatch(name, budget)),
      match: (name: string) => named(() => compiled.match(name, budget)),
    };
  };
  const whole = (key: string, targets: string | readonly string[]): ((name: string) => boolean) => {
    if (typeof targets !== "string") {
      const named = new Set(targets);
      return (name) => endsOf(name).some((end) => named.has(end));
    }
    // PEFT takes an empty exclude_modules for none.
    if (targets === "") return () => false;
    return pattern(key, targets, targets).fullmatch;
  };
  const patternValue = (key: string, values: Readonly<Record<string, number>>, fallback: number) => {
    const cases = Object.entries(values).map(([source, value]) => ({
      match: pattern(key, source, `(.*\\.)?(${source})$`).match,
      value,
    }));
    return (name: string) => cases.find(({ match }) => match(name) !== null)?.value ?? fallback;
  };

  const namesAll = typeof targetModules === "string" && targetModules.toLowerCase() === "all-linear";
  const isNamed = namesAll ? (name: string) => name !== "lm_head" : whole("target_modules", targetModules);
  const numbered =
    layersPattern.length === 0
      ? [pattern("layers_pattern", "", ".*?\\.[^.]*\\.(?P<idx>\\d+)\\.")]
      : layersPattern.map((one) => pattern("layers_pattern", one, `(?:^|.*?\\.)${one}\\.(?P<idx>\\d+)\\.`));
  const isInLayers = (name: string): boolean => {
    if (layers === null) return true;
    for (const { match } of numbered) {
      const found = match(name);
      if (found) return found.idx != null && layers.includes(Number(found.idx));
    }
    return false;
  };
  return {
    namesAll,
    isTarget: (name) => isNamed(name) && isInLayers(name),
    isExcluded: whole("exclude_modules", excludeModules),
    rank: patternValue("rank_pattern", config.rankPattern, config.r),
    alpha: patternValue("alpha_pattern", config.alphaPattern, config.alpha),
  };
}
