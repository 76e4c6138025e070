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
        The model knows the parts of a chain, and few of its rollouts finish one at the start. Reward comes with the
        whole chain only: the curve “calls” rises towards three, and accuracy with it. With one call it stays at .1,
        which is chance, and the zooms are paid for nothing but luck.
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
        The conditional bonus pays only with a right answer, so that a zoom in the wrong place earns nothing. The bonus
        that is always paid makes a zoom worth more than the long answer it prevents: the zoom rate goes on rising, and
        the answers to the questions about colours are cut off. The chart “stop reasons” shows them as cut off by
        length.
      </Expect>
      <Start experiments={[budgetUnpaid, budgetConditional, budgetAlways]} />
    </Lesson>
  );
}

const budgetUnpaid: Experiment = { preset: "budget", bonus: "none" };
const budgetConditional: Experiment = { preset: "budget", bonus: "conditional" };
const budgetAlways: Experiment = { preset: "budget", bonus: "unconditional" };
