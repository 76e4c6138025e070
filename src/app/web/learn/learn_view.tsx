import { usePage } from "../run/page_context.ts";
import { type Experiment, probeRecorded, showGroup } from "./experiments.ts";
import { LessonMaker } from "./lesson_maker.tsx";
import { Do, Expect, Lesson, Start, Try } from "./lesson_parts.tsx";
import { Budget, Chains } from "./world_lessons.tsx";

/** Lessons whose sentences hold buttons: each sets or shows what it speaks of, here and with this model. */
export function LearnView() {
  return (
    <section class="lessons first" aria-label="Lessons">
      <Group />
      <Bonus />
      <WithoutBonus />
      <Chains />
      <Budget />
      <BlankCrop />
      <LessonMaker />
    </section>
  );
}

function Group() {
  const page = usePage();
  return (
    <Lesson title="What is a group?">
      <p>
        GRPO has no critic: the model tries each task several times, and these attempts are a group. The advantage of an
        attempt is its reward minus the mean of its group, divided by the standard deviation: its tokens become likelier
        if the reward is above the mean, and less likely if it is below.{" "}
        <Do label="Show a group whose attempts differ" run={() => showGroup(page, "differs")} /> in a recorded run: the
        bars are the rewards, and Step through shows the advantage of each. Nothing is learned from a group whose
        rewards are all equal: <Do label="show one of those" run={() => showGroup(page, "alike")} />.
      </p>
      <p>
        The group size is a setting: <Try label="2 attempts at 32 tasks" experiment={small} /> or{" "}
        <Try label="16 attempts at 4 tasks" experiment={large} />, both with 64 rollouts per step.
      </p>
      <Expect>
        With 2 attempts more than half of the groups have no variance at first (the light “Groups differ”), and the
        curve is noisier; with 16 nearly every group has a right attempt among wrong ones, but a step sees only 4 tasks.
      </Expect>
      <Start experiments={[small, large]} />
    </Lesson>
  );
}

const small: Experiment = { preset: "needle", rolloutsPerTask: 2, tasksPerStep: 32 };
const large: Experiment = { preset: "needle", rolloutsPerTask: 16, tasksPerStep: 4 };

function Bonus() {
  return (
    <Lesson title="Why is the bonus conditional?">
      <p>
        DeepEyes pays for a zoom only where the answer is right:{" "}
        <Try label="bonus: conditional" experiment={conditional} />. Paying for every zoom,{" "}
        <Try label="bonus: unconditional" experiment={unconditional} />, rewards looking whether or not it helps. The
        difference shows where a zoom cannot help:{" "}
        <Try label="pay for every zoom, with grey crops" experiment={paidForGrey} />.
      </p>
      <Expect>
        With one call allowed and real crops both bonuses give the same result here: the zoom rate rises above .9 within
        20 steps and accuracy with it. With grey crops the zoom rate rises all the same while accuracy stays at .1,
        which is chance: the model is paid for looking at nothing. (With the conditional bonus it rises too, since one
        answer in ten is right by chance.)
      </Expect>
      <Start experiments={[conditional, unconditional, paidForGrey]} />
    </Lesson>
  );
}

const conditional: Experiment = { preset: "needle", bonus: "conditional" };
const unconditional: Experiment = { preset: "needle", bonus: "unconditional" };
const paidForGrey: Experiment = { preset: "needle", bonus: "unconditional", crop: "blank" };

function WithoutBonus() {
  return (
    <Lesson title="What happens without the bonus?">
      <p>
        On story scenes the digit can often be read at first sight, and a malformed call costs reward:{" "}
        <Try label="story without a bonus" experiment={story} />, against{" "}
        <Try label="story with the bonus" experiment={storyPaid} />. Both are evaluated every 10 steps with and without
        the crops. If the zoom rate dies, an alarm says whether that is harmless (accuracy without the tool is as high
        as it was with it) or harmful.
      </p>
      <Expect>
        Without the bonus the zoom rate falls to zero (in ten of ten seeds tried), and accuracy ends near .93, which
        direct answers reach; with the bonus nearly every rollout zooms, and accuracy ends near .97. The curve “worth of
        the tool” says whether a loss was harmful.
      </Expect>
      <Start experiments={[story, storyPaid]} />
    </Lesson>
  );
}

const evaluated = { evalEvery: 10, evalCausal: true } as const;
const story: Experiment = { preset: "story", bonus: "none", ...evaluated };
const storyPaid: Experiment = { preset: "story", bonus: "conditional", ...evaluated };

function BlankCrop() {
  const page = usePage();
  const { modelObstacle: obstacle } = page.worth;
  const asking = page.worth.asking.value;
  return (
    <Lesson title="What does a blank crop show?">
      <p>
        A model that zooms and is right need not be right <em>because</em> it zoomed. Take the crop away and ask again:{" "}
        <Do label="probe the recorded run’s last step" run={() => probeRecorded(page)} disabled={asking !== null} />{" "}
        puts grey, another task’s crop and the whole picture in the place of each crop, and measures how likely the
        right answer is then. Attention maps show where a model looks; this shows what its answer depends on.
      </p>
      {obstacle !== null && <p class="small soft">{obstacle}.</p>}
      <p>
        The same as a training run: <Try label="crops come back grey" experiment={grey} />, or{" "}
        <Try label="without the tool" experiment={noZoom} />.
      </p>
      <Expect>
        With the crop the right answer of the recorded rollouts has a probability near .9, with grey near .1: one digit
        of ten. Trained with grey crops, or without the tool, accuracy stays at .1, however long it trains.
      </Expect>
      <Start experiments={[grey, noZoom]} />
    </Lesson>
  );
}

const grey: Experiment = { preset: "needle", crop: "blank" };
const noZoom: Experiment = { preset: "needle", zoom: false };
