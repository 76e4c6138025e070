import type { Experiment } from "./experiments.ts";
import { Expect, Lesson, Start, Try } from "./lesson_parts.tsx";

/** The world hunt: zooms that lead to each other. */
export function Chains() {
  return (
    <Lesson title="Zooms that must be chained">
      <p>
        In <Try label="hunt" experiment={hunt} /> the question names a shape; on it stands a letter, which names the
        next one, and at the end a digit, or a disc so small that it takes a zoom into the crop. Nothing in the first
        crop tells the answer: it only tells where to look next. How many zooms a chain takes is a setting:{" "}
        <Try label="two at most" experiment={shortHunt} /> or <Try label="four always" experiment={longHunt} />. With{" "}
        <Try label="one call allowed" experiment={oneCall} /> the chain breaks at its first link.
      </p>
      <p>
        On <i>Data</i> each scene has its zooms numbered. Step through a rollout to see the chain as the model went it:
        a box in a crop stands in that crop, and dotted in the original.
      </p>
      <Expect>
        At the start three of ten answers are right, after 1.5 calls on average. Reward comes with the whole chain only:
        in 150 steps the curve “calls per rollout” rises to three, and accuracy to .96 (ten seeds: .94 to .97). With one
        call accuracy stays at .1, which is what a guess is worth.
      </Expect>
      <Start experiments={[hunt, shortHunt, longHunt, oneCall]} />
    </Lesson>
  );
}

const hunt: Experiment = { preset: "hunt" };
const shortHunt: Experiment = { preset: "hunt", hopsMax: 2 };
const longHunt: Experiment = { preset: "hunt", hopsMin: 4 };
const oneCall: Experiment = { preset: "hunt", maxToolCalls: 1 };

/** The preset budget: where an unconditional bonus costs right answers. */
export function Budget() {
  return (
    <Lesson title="When does an unconditional bonus do harm?">
      <p>
        Tokens cost time and memory, and a response has only so many. In the preset budget half of the questions ask for
        a digit, which takes a zoom. The others ask for the colours of all shapes: the whole picture shows them, and the
        answer is so long that it does not fit behind a call. Compare <Try label="no bonus" experiment={budgetUnpaid} />
        , <Try label="a conditional bonus" experiment={budgetConditional} /> and{" "}
        <Try label="a bonus that is always paid" experiment={budgetAlways} />.
      </p>
      <Expect>
        Without a bonus, and with one for right answers alone, half of the rollouts zoom, and accuracy rises to .88. The
        bonus that is always paid makes a zoom worth more than the long answer that it prevents: all rollouts zoom, and
        accuracy ends at .49 on each of ten seeds. The answers about colours are cut off by length, or the model learns
        to cut them short.
      </Expect>
      <Start experiments={[budgetUnpaid, budgetConditional, budgetAlways]} />
    </Lesson>
  );
}

const budgetUnpaid: Experiment = { preset: "budget", bonus: "none" };
const budgetConditional: Experiment = { preset: "budget", bonus: "conditional" };
const budgetAlways: Experiment = { preset: "budget", bonus: "unconditional" };
