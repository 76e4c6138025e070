import { figure, signed } from "../labels/numbers.ts";
import { useCompare } from "./compare_context.ts";
import { scoreKey } from "./compare_control.ts";
import type { Side } from "./sides.ts";

/** How likely the text of one side is to the weights of the other: a button, then the sums. */
export function ScoreLine({ writer, asked, names }: { writer: Side; asked: Side; names: [string, string] }) {
  const compare = useCompare();
  const [name, other] = names;
  const scored = compare.scores.value.get(scoreKey(writer, asked));
  const { rollout } = writer;
  if (rollout.elsewhere)
    return (
      <p class="small soft">
        {name} is from elsewhere: its tokens are not those of a model here, so that it cannot be scored under {other}.
      </p>
    );
  if (asked.weights === null)
    return (
      <p class="small soft">
        {name} cannot be scored under {other}: the weights that wrote {other} are not here.
      </p>
    );
  if (!scored)
    return (
      <p>
        <button
          type="button"
          disabled={compare.asking.value !== null || compare.obstacle !== null}
          onClick={() => void compare.score(writer, asked)}
        >
          Score {name}’s text under {other}
        </button>
      </p>
    );
  const written = rollout.segments.flatMap(({ source, logprobs }) => (source === "model" ? logprobs : []));
  const own = sum(written);
  const theirs = sum(scored.logprobs);
  const tokens = scored.logprobs.length;
  return (
    <table class="kv even" aria-label={`${name}’s text under ${other}`}>
      <tbody>
        <tr>
          <td>{name}’s text when it was written</td>
          <td>{figure(own)} nats</td>
        </tr>
        <tr>
          <td>
            under {other} ({scored.who})
          </td>
          <td>{figure(theirs)} nats</td>
        </tr>
        <tr>
          <td>change a token, mean of {tokens}</td>
          <td>{tokens === 0 ? "–" : signed((theirs - own) / tokens, 3)}</td>
        </tr>
      </tbody>
    </table>
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
