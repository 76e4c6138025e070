import { type ComponentChildren, type ComponentType, h } from "preact";
import { useEffect, useState } from "preact/hooks";
import { usePage } from "../run/page_context.ts";
import { Failed } from "./failed_panel.tsx";
import { hasJudgeWords, JudgePanel } from "./judge_panel.tsx";
import { RewardPanel } from "./reward_panel.tsx";
import { SiblingsPanel } from "./siblings_panel.tsx";
import type { StepContext } from "./step_context.ts";
import { TokenElsewherePanel } from "./token_elsewhere_panel.tsx";
import { TokenPanel, tokenTitle } from "./token_panel.tsx";

/**
 * A card of the step view that folds. To add one, write `NAME_panel.tsx` in this folder with a component that takes
 * `{ step }: { step: StepContext }` and returns what stands in the card, without the card and its heading, and add one
 * line to `panels`. What is not open from the start is imported when it is opened:
 *
 *     { name: "formula", title: "Formula", load: async () => (await import("./formula_panel.tsx")).FormulaPanel },
 *
 * The panel is mounted while it is open, and again for another rollout; it is drawn again at each place of the cursor.
 */
export interface Panel {
  /** In the page's address. */
  name: string;
  title: string;
  /** Behind the title, also while the card is folded. */
  about?(step: StepContext): ComponentChildren;
  /** What is in the card; `load` where it is imported when it is needed. */
  View?: View;
  load?(): Promise<View>;
  /** Whether it is open where a person has opened or folded nothing. */
  open?: boolean;
  /** A letter that opens it; step_keys.ts lists those that are taken. */
  key?: string;
  /** Needs the width of the transcript, and stands below it. */
  wide?: boolean;
  /** Whether rollouts from elsewhere, of which weights here know nothing, have the card too, or they alone; absent: they do not. */
  elsewhere?: "also" | "only";
  /** Whether a rollout has such a card at all; each has where this is absent. */
  shown?(step: StepContext): boolean;
}

type View = ComponentType<{ step: StepContext }>;

export const panels: readonly Panel[] = [
  { name: "token", title: "Token", about: tokenTitle, View: TokenPanel, open: true },
  { name: "token", title: "Token", about: tokenTitle, View: TokenElsewherePanel, open: true, elsewhere: "only" },
  {
    name: "formula",
    title: "Formula",
    about: () => "the loss of this token, written out",
    load: async () => (await import("./formula_panel.tsx")).FormulaPanel,
    wide: true,
  },
  {
    name: "attention",
    title: "Attention",
    about: () => "from this token to the pictures",
    load: async () => (await import("./attention_panel.tsx")).AttentionPanel,
  },
  {
    name: "branch",
    title: "Try something else",
    load: async () => (await import("./branch_panel.tsx")).BranchPanel,
    open: true,
    key: "b",
  },
  {
    name: "tree",
    title: "Branches",
    load: async () => (await import("./branch_tree.tsx")).BranchTree,
    open: true,
    shown: ({ chosen, branches }) => chosen.branch !== undefined || branches > 0,
  },
  {
    name: "worth",
    title: "What the crop was worth",
    load: async () => (await import("./worth_panel.tsx")).WorthPanel,
  },
  { name: "reward", title: "Reward", about: whenPaid, View: RewardPanel, open: true, elsewhere: "also" },
  {
    name: "judge",
    title: "The judge’s words",
    View: JudgePanel,
    open: true,
    elsewhere: "also",
    shown: ({ chosen }) => hasJudgeWords(chosen.rollout),
  },
  {
    name: "notes",
    title: "Notes and tags",
    load: async () => (await import("./marks_panel.tsx")).MarksPanel,
    elsewhere: "also",
  },
  { name: "siblings", title: "Siblings", about: whichSibling, View: SiblingsPanel, open: true, elsewhere: "also" },
];

function whenPaid({ cursor, units }: StepContext): string {
  return cursor === units.length - 1 ? "" : "at the end of the rollout";
}

function whichSibling({ chosen: { rollout, siblings, step } }: StepContext): string {
  return `step ${step}, task ${rollout.taskIndex + 1}: rollout ${rollout.rolloutIndex + 1} of ${siblings.length}`;
}

/** The cards of one side: below the transcript those that are wide, else the others. */
export function Panels({ step, wide }: { step: StepContext; wide: boolean }) {
  const fits = ({ elsewhere }: Panel) =>
    step.chosen.rollout.elsewhere ? elsewhere !== undefined : elsewhere !== "only";
  const here = panels.filter((panel) => (panel.wide ?? false) === wide && fits(panel) && (panel.shown?.(step) ?? true));
  return (
    <>
      {here.map((panel) => (
        <Card key={panel.name} panel={panel} step={step} />
      ))}
    </>
  );
}

function Card({ panel, step }: { panel: Panel; step: StepContext }) {
  const { panels: chosen } = usePage().store;
  const open = chosen.value[panel.name] ?? panel.open ?? false;
  const setOpen = (to: boolean): void => {
    if (to !== open) chosen.value = { ...chosen.peek(), [panel.name]: to };
  };
  return (
    <details
      id={`panel-${panel.name}`}
      class="card panel"
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <h2>
          <b>{panel.title}</b> {panel.about?.(step)}
        </h2>
      </summary>
      {open && <Inside panel={panel} step={step} />}
    </details>
  );
}

function Inside({ panel, step }: { panel: Panel; step: StepContext }) {
  const [loaded, setLoaded] = useState<{ View: View } | { error: Error } | null>(
    panel.View ? { View: panel.View } : null,
  );
  const missing = loaded === null;
  useEffect(() => {
    if (!missing) return;
    panel.load?.().then(
      (View) => setLoaded({ View }),
      (error: Error) => setLoaded({ error }),
    );
  }, [missing, panel]);
  if (loaded === null) return <p class="soft small">loading…</p>;
  if ("error" in loaded) return <Failed title={panel.title} error={loaded.error} onAgain={() => setLoaded(null)} />;
  return h(loaded.View, { step });
}
