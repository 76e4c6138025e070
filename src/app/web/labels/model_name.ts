import { count } from "./numbers.ts";

/** The label of a model: shipped ones by name, those made in this browser by what they were made with. */
export function modelName(name: string): string {
  const [, preset, seed, examples] = name.match(/^trained-here\/(.+)-seed-(\d+)-examples-(\d+)$/) ?? [];
  return preset ? `${preset} from scratch, seed ${seed}, ${count(Number(examples))} examples` : name;
}
