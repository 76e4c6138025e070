import { type AnswerProbabilities, counterfactuals } from "../../../train/zoom_worth.ts";
import { conditionLabels, percent } from "../labels/worth_words.ts";

/** Probabilities of an answer, or of two, with the crop and with what stood in its place: bars, with the numbers beside them. */
export function WorthBars({
  caption,
  gold,
  given,
}: {
  caption: string;
  gold: AnswerProbabilities;
  /** Of the given answer, where that is another. */
  given: AnswerProbabilities | null;
}) {
  return (
    <table class={given ? "worth two" : "worth"}>
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">seen</th>
          <th scope="col">right answer</th>
          {given && <th scope="col">given answer</th>}
        </tr>
      </thead>
      <tbody>
        {counterfactuals.map((one) => {
          const [right, other] = [gold[one], given?.[one]];
          if (right === undefined) return null;
          return (
            <tr key={one} class={one === "tool" ? "as-it-was" : ""}>
              <th scope="row">{conditionLabels[one]}</th>
              <Share share={right} />
              {given && <Share share={other ?? 0} />}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Share({ share }: { share: number }) {
  return (
    <td>
      <span class="track" aria-hidden="true">
        <i style={{ width: `${100 * share}%` }} />
      </span>{" "}
      <span class="num">{percent(share)}</span>
    </td>
  );
}
