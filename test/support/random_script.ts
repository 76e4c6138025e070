import { Random } from "../../src/tasks/random.ts";

const names = [
  "data.train_batch_size",
  "actor_rollout_ref.rollout.n",
  "data.seed",
  "trainer.experiment_name",
  "data.train_files",
];
const variables = ["A", "B", "C", "D"];

/** A bash script of assignments, branches, loops, functions and one command that starts verl. */
export function randomScript(seed: number): string {
  const random = new Random(seed, [1]);
  const below = (count: number) => random.below(count);
  const one = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const variable = () => one(variables);
  const digit = () => String(1 + below(9));

  const value = (depth = 0): string => {
    switch (below(depth > 2 ? 6 : 13)) {
      case 0:
      case 1:
        return digit();
      case 2:
        return `"${digit()}"`;
      case 3:
        return `'${digit()}'`;
      case 4:
        return `$${variable()}`;
      case 5:
        return `"\${${variable()}}"`;
      case 6:
        return `\${${variable()}${one([":-", "-", ":+", "+"])}${value(depth + 1)}}`;
      case 7:
        return `"\${${variable()}:-${value(depth + 1)}}"`;
      case 8:
        return `$((${variable()} * ${digit()} + ${digit()}))`;
      case 9:
        return `${value(depth + 1)}${value(depth + 1)}`;
      case 10:
        return `"${digit()} ${one(names)}=${digit()}"`;
      case 11:
        return `$'${digit()}'`;
      default:
        return `"a\\"b${one(["\\\\", "\\$", "$"])}"`;
    }
  };
  const assignment = (): string => {
    switch (below(10)) {
      case 0:
        return `export ${variable()}=${value()}`;
      case 1:
        return `${variable()}+=${value()}`;
      case 2:
        return `unset ${variable()}`;
      case 3:
        return `L=(${one(names)}=${value()} ${one(names)}=${digit()})`;
      case 4:
        return `: \${${variable()}:=${digit()}}`;
      default:
        return `${variable()}=${value()}`;
    }
  };
  const statement = (depth: number): string => {
    if (depth > 1) return assignment();
    const inner = () => statement(depth + 1);
    switch (below(18)) {
      case 0:
        return `if [ "$${variable()}" = ${digit()} ]; then\n${inner()}\nelse\n${inner()}\nfi`;
      case 1:
        return `for ${variable()} in ${digit()} ${digit()}; do\n${inner()}\ndone`;
      case 2:
        return `[ -n "$${variable()}" ] ${one(["&&", "||"])} ${assignment()}`;
      case 3:
        return `case "$${variable()}" in ${digit()}) ${inner()} ;; *) ${inner()} ;; esac`;
      case 4:
        return `f() {\n${inner()}\n}`;
      case 5:
        return "f 2> /dev/null";
      case 6:
        return `(${inner()})`;
      case 7:
        return `{ ${inner()}; }`;
      case 8:
        return `${assignment()} && ${assignment()}`;
      case 9:
        return `# ${assignment()} \\\ntrue`;
      case 10:
        return `eval "${variable()}=${digit()}"`;
      case 11:
        return `cat > /dev/null <<EOF\n${assignment().replaceAll(":=", ":-")}\nEOF`;
      case 12:
        return `${assignment()} | cat`;
      default:
        return assignment();
    }
  };
  const word = (): string => {
    switch (below(12)) {
      case 0:
        return `$${variable()}`;
      case 1:
        return `"\${L[@]}"`;
      case 2:
        return `"${one(names)}=$${variable()}"`;
      case 3:
        return '"$@"';
      default:
        return `${one(["", "", "+", "++"])}${one(names)}=${value()}`;
    }
  };
  const lines = Array.from({ length: 1 + below(6) }, () => statement(0));
  const words = Array.from({ length: 1 + below(6) }, word);
  const joint = () => one([" ", " ", " \\\n  "]);
  const command = `${one(["", "", "A=9 "])}python3 -m verl.trainer.main_ppo${words.map((text) => joint() + text).join("")}`;
  const placed = one([
    command,
    command,
    command,
    `if true; then\n${assignment()}\n${command}\nfi`,
    `g() {\n${command}\n}\ng ${digit()}`,
  ]);
  return [...lines, placed, ...(below(3) === 0 ? [statement(0)] : [])].join("\n");
}
