import { useId } from "preact/hooks";
import type { Rollout } from "../../../agent/rollout.ts";
import { probedCalls } from "../../../train/call_credit.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { isLossName, lossNames, lossRecipes } from "../../../train/loss_recipes.ts";
import { count, figure, setting } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { type FormulaRow, formulaRows, type Written } from "./formula_rows.tsx";
import type { StepContext } from "./step_context.ts";
import { lacksLogprobs, lossUnder, measuredIn, type StepLoss } from "./step_loss.ts";
import { share } from "./token_panel.tsx";

/** The loss of the token under the cursor, written out under the run's settings and under another loss. */
export function FormulaPanel({ step }: { step: StepContext }) {
  const { store } = usePage();
  const { unit, measures, config, loss, chosen, sampledBefore } = step;
  if (unit.source !== "model")
    return (
      <p class="soft">
        This token is not in the loss, because the model did not write it. Choose one in a turn of the model.
      </p>
    );
  if (chosen.branch) return <p class="soft">Nothing is learned from a branch: its tokens are in no loss.</p>;
  if (unit.untrained)
    return (
      <p class="soft">
        {chosen.rollout.continues
          ? "This token is in the loss of the rollout that this one continues. Choose one behind it."
          : "This token is not in the loss, because other rollouts go on from where its call began. Choose one before."}
      </p>
    );
  if (lacksLogprobs(chosen.rollout))
    return (
      <p class="soft">
        The log does not hold the log-probabilities that its tokens were sampled with, so that their ratios are not
        known.
      </p>
    );
  if (!measures.found || !config) return <p class="soft">{measures.line}.</p>;
  const measured = measuredIn(store.steps.value, chosen, measures.found);
  const token = measures.found.tokens[sampledBefore];
  if (!measured || !loss || !token)
    return (
      <p class="soft">
        What a token weighs depends on all rollouts of its step, which is not in memory as a whole: choose a step that
        is shown under Train.
      </p>
    );
  const { name, moved } = store.besideLoss.value;
  const recipe = isLossName(name) ? lossRecipes[name] : null;
  const other = { ...config, ...recipe?.changes, ...moved };
  const beside = lossUnder(measured, measures.found, other);
  const shared = {
    index: sampledBefore,
    logprob: token.logprob,
    oldLogprob: unit.logprob ?? token.logprob,
    start: token.startLogprob,
    spread: token.spread,
    calls: probedCalls(chosen.rollout),
  };
  const [own, another]: [Written, Written] = [
    { ...shared, config, loss },
    { ...shared, config: other, loss: beside },
  ];
  const shownRows = formulaRows.filter(({ only }) => only?.(config) ?? true);
  return (
    <div class="formula">
      <p class="soft small">
        Weights: {measures.line}. {comparedText(chosen.rollout)}: {rewardsText(own)}.
      </p>
      {loss.advantage === 0 && (
        <p class="small">
          The rewards of the group are equal: its advantages are 0, and{" "}
          {loss.advantages.some((one) => one !== 0)
            ? "only calls are learned from, by their own credit."
            : "nothing is learned from it."}
        </p>
      )}
      {measures.found.startProblem && <p class="soft small">No KL to the start: {measures.found.startProblem}</p>}
      <BesideLoss config={other} />
      <table>
        <thead>
          <tr>
            <th scope="col">term</th>
            <th scope="col">this run</th>
            <th scope="col">{nameOf(name, moved)}</th>
          </tr>
        </thead>
        <tbody>
          {shownRows.map((row) => (
            <Row key={row.name} row={row} own={own} other={another} besideName={nameOf(name, moved)} />
          ))}
        </tbody>
      </table>
      <Difference own={own} other={another} />
      <p class="soft small">
        The pull is the norm of the loss’s gradient with respect to this token’s logits (e: one-hot vector of the
        written token, p: the model’s probabilities); shares are of the sum over the sampled tokens of this rollout. The
        gradient of the weights also depends on the hidden state, which is not included
        {config.entropyCoef === 0 ? "" : ", nor is the entropy term"}. The code is that of training.
      </p>
    </div>
  );
}

function nameOf(name: string, moved: Partial<RunConfig>): string {
  const label = isLossName(name) ? lossRecipes[name].label : "this run";
  return Object.keys(moved).length > 0 ? `${label}, changed` : label;
}

/** Whose rewards make the advantage. */
const comparedText = ({ continues, continuedAt }: Rollout): string =>
  continues
    ? "Rewards of all that continue the same rollout"
    : continuedAt === undefined
      ? "Rewards of the group"
      : "Rewards of the group, this one’s as its continuations recovered it";

const rewardsText = ({ loss: { rewards } }: Written): string =>
  rewards.map((reward) => (reward === null ? "none" : figure(reward))).join(", ");

function Row({ row, own, other, besideName }: { row: FormulaRow; own: Written; other: Written; besideName: string }) {
  return (
    <tr>
      <th scope="row">
        <b class="mono">{row.name}</b> <span class="soft small">{row.line}</span>
      </th>
      <td data-of="this run">{row.cell(own)}</td>
      <td data-of={besideName}>{row.cell(other)}</td>
    </tr>
  );
}

/** What the other loss changes for the rollout. */
function Difference({ own, other }: { own: Written; other: Written }) {
  const clipped = ({ loss }: Written) => loss.terms.filter((term) => term.isClipped || term.isBounded).length;
  const pull = ({ loss, index }: Written) => share(loss.gradients[index] ?? 0, loss.gradientSum);
  const tokens = count(own.loss.terms.length);
  return (
    <p class="small" aria-live="polite">
      Clipped: <b>{clipped(own)}</b> of {tokens} tokens in this run’s loss, <b>{clipped(other)}</b> in the other. This
      token’s share of the rollout’s gradient: <b>{pull(own)}</b>, <b>{pull(other)}</b> in the other.
      {isStill(own.loss) &&
        " Every ratio is 1, so nothing is clipped: these weights wrote the rollout. Choose other weights in the Token card."}
    </p>
  );
}

const isStill = ({ terms }: StepLoss): boolean => terms.every(({ ratio }) => ratio === 1);

/** A slider over factors of ten; `zero` below its least. */
interface Scale {
  knob: "clipRatioLow" | "clipRatioHigh" | "klLossCoef";
  label: string;
  least: number;
  most: number;
  zero: boolean;
}

const scales: readonly Scale[] = [
  { knob: "clipRatioLow", label: "clip below", least: -4, most: 0, zero: false },
  { knob: "clipRatioHigh", label: "clip above", least: -4, most: 1, zero: false },
  { knob: "klLossCoef", label: "KL coefficient", least: -4, most: 1, zero: true },
];

const tick = 0.05;

/** Which loss stands beside the run's, and its bounds and KL to be moved. */
function BesideLoss({ config }: { config: Pick<RunConfig, Scale["knob"]> }) {
  const { store } = usePage();
  const id = useId();
  const { name, moved } = store.besideLoss.value;
  return (
    <div class="beside-loss" data-keys>
      <label for={id}>other loss</label>
      <select
        id={id}
        value={name}
        onChange={(event) => {
          store.besideLoss.value = { name: event.currentTarget.value, moved: {} };
        }}
      >
        <option value="run">this run’s loss</option>
        {lossNames.map((one) => (
          <option key={one} value={one}>
            {lossRecipes[one].label}
          </option>
        ))}
      </select>
      {scales.map((scale) => (
        <FactorSlider
          key={scale.knob}
          scale={scale}
          value={config[scale.knob]}
          onMove={(value) => {
            store.besideLoss.value = { name, moved: { ...moved, [scale.knob]: value } };
          }}
        />
      ))}
      <p class="soft small">
        {isLossName(name)
          ? `${lossRecipes[name].label}: ${lossRecipes[name].line}.`
          : "This run’s loss; move a slider to change it."}
      </p>
    </div>
  );
}

function FactorSlider({ scale, value, onMove }: { scale: Scale; value: number; onMove(value: number): void }) {
  const id = useId();
  const first = scale.zero ? scale.least - tick : scale.least;
  const at = value <= 0 ? first : Math.min(scale.most, Math.max(first, Math.log10(value)));
  const valueAt = (place: number): number =>
    scale.zero && place < scale.least - tick / 2 ? 0 : Number((10 ** place).toPrecision(2));
  return (
    <>
      <label for={id}>{scale.label}</label>
      <span class="factor">
        <input
          id={id}
          type="range"
          min={first}
          max={scale.most}
          step={tick}
          value={at}
          aria-valuetext={setting(value)}
          onInput={(event) => onMove(valueAt(event.currentTarget.valueAsNumber))}
        />
        <output for={id} class="mono">
          {setting(value)}
        </output>
      </span>
    </>
  );
}
