import { type ComponentChildren, Fragment } from "preact";
import { useMemo } from "preact/hooks";
import { counted, figure } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import type { Mark } from "../widgets/plot_lines.ts";
import { type CurveSpec, curvesOf } from "./catalogue.ts";
import { CurveCard } from "./curve_card.tsx";
import { type GroupName, groupTitles } from "./curve_groups.ts";
import { type CurveGroup, grouped, ownSpecs } from "./curve_order.ts";
import { CurvesBar } from "./curves_bar.tsx";
import { useCurves } from "./curves_context.ts";
import { valueAt } from "./drawn_runs.ts";
import { OverlayLegend } from "./overlay_legend.tsx";
import { type RunsToDraw, useRunsToDraw } from "./use_runs.ts";
import { columnsFor, useWidth } from "./use_width.ts";
import { ZoomMark } from "./zoom_mark.tsx";

/** Groups that are open where nobody has chosen. */
const openAtFirst: readonly GroupName[] = ["outcome", "own"];

/** All charts of the shown run and of those laid over it, in groups that fold. */
export function Curves() {
  return <Charts withShown />;
}

/** @param withShown  whether the run that the page shows is drawn as well */
export function Charts({ withShown }: { withShown: boolean }) {
  const { store } = usePage();
  const control = useCurves();
  const runs = useRunsToDraw(withShown);
  const layout = control.layout.value;
  const specs = useMemo(() => curvesOf(runs.keys, ownSpecs(layout)), [runs.keys, layout.own]);
  const groups = useMemo(() => grouped(specs, layout), [specs, layout.hidden, layout.order, layout.moved]);
  const marks = useMarks(withShown);
  const waiting = runs.own === null && runs.legend.length === 0;
  return (
    <section class="curves stack" aria-label="Curves">
      <CurvesBar runs={runs} groups={groups} specs={specs} marks={marks} withShown={withShown} />
      <OverlayLegend runs={runs} />
      {withShown && <ZoomMark />}
      {waiting ? (
        <p class="card soft small">
          {store.runHead.value || !withShown
            ? "Curves begin after the first step."
            : "Curves of accuracy, zooming, reward, loss and every other metric begin after the first step."}
        </p>
      ) : (
        groups.map((group) => <Group key={group.name} group={group} runs={runs} marks={marks} />)
      )}
    </section>
  );
}

/** What happened to the shown run, for its plots. */
function useMarks(withShown: boolean): readonly Mark[] {
  const { store } = usePage();
  const { changes } = store.shown.value;
  const alarms = store.alarms.value;
  const evals = store.evals.value;
  return useMemo(() => {
    if (!withShown) return [];
    const of = (kind: Mark["kind"], list: readonly { step: number }[]): Mark[] =>
      list.map(({ step }) => ({ kind, step }));
    return [...of("evaluation", evals), ...of("settings", changes), ...of("alarm", alarms)];
  }, [withShown, changes, alarms, evals]);
}

interface GroupProps {
  group: CurveGroup;
  runs: RunsToDraw;
  marks: readonly Mark[];
}

/** A group that folds; folded, it says its numbers. */
function Group({ group: { name, specs }, runs, marks }: GroupProps) {
  const control = useCurves();
  const atFirst = openAtFirst.includes(name);
  const open = control.isOpen(name, atFirst);
  if (specs.length === 0) return null;
  return (
    <details
      class="curve-group"
      open={open}
      onToggle={(event) => control.setOpen(name, event.currentTarget.open, atFirst)}
    >
      <summary>
        <b>{groupTitles[name]}</b> {!open && <Numbers specs={specs} runs={runs} />}
      </summary>
      {open && (
        <Grid>
          {specs.map((spec) => (
            <CurveCard key={spec.id} spec={spec} runs={runs} marks={marks} />
          ))}
        </Grid>
      )}
    </details>
  );
}

/** As many columns as leave no hole: five charts where four fit are three and two, as wide as the row. */
function Grid({ children }: { children: ComponentChildren[] }) {
  const [element, width] = useWidth();
  const columns = columnsFor(children.length, width);
  return (
    <div ref={element} class="plots" style={{ "--columns": columns }}>
      {children}
    </div>
  );
}

/** More numbers than these do not fit a line. */
const mostNumbers = 6;

function Numbers({ specs, runs: { own } }: { specs: readonly CurveSpec[]; runs: RunsToDraw }) {
  const known = specs.flatMap(({ title, parts }) => {
    const found = own && parts.flatMap(({ key }) => valueAt(own, key, null) ?? [])[0];
    return found ? [{ title, value: found.value }] : [];
  });
  const rest = specs.length - Math.min(known.length, mostNumbers);
  return (
    <span class="numbers soft">
      {known.slice(0, mostNumbers).map(({ title, value }) => (
        <Fragment key={title}>
          <span>
            {title} <b class="num">{figure(value)}</b>
          </span>{" "}
        </Fragment>
      ))}
      {rest > 0 && <span>{known.length > 0 ? `${rest} more` : counted(specs.length, "chart")}</span>}
    </span>
  );
}
