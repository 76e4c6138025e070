import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { download, fileName } from "../browser/download.ts";
import { count, figure } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { tableCsv } from "./plot_csv.ts";
import type { Line } from "./plot_lines.ts";

/** Rows of a table that a page renders quickly. */
const mostRows = 2000;

interface Props {
  /** Of the plot. */
  title: string;
  /** What the summary says, "table" where there is nothing else in it. */
  summary?: string;
  /** Every step; asked once it is looked at. */
  rows(): { steps: readonly number[]; lines: readonly Pick<Line, "name" | "values">[] };
  /** Stands above the table. */
  children?: ComponentChildren;
}

/** The numbers of a plot, as a table and as comma-separated values. */
export function PlotTable({ title, summary = "table", rows, children }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <details class="table" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {summary}
        <span class="hidden"> of {title}</span>
      </summary>
      {open && children}
      {open && <OpenTable title={title} {...rows()} />}
    </details>
  );
}

function OpenTable({ title, steps, lines }: { title: string } & ReturnType<Props["rows"]>) {
  const { store } = usePage();
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(tableCsv(steps, lines));
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      store.notices.add(
        "error",
        "The browser does not let this page copy; open it over https, or select the table and copy it by hand",
      );
    }
  };
  if (steps.length === 0) return <p class="soft small">no values yet</p>;
  const first = Math.max(0, steps.length - mostRows);
  return (
    <>
      <p class="links small">
        <button type="button" class="link" onClick={() => void copy()}>
          {copied ? "Copied" : "Copy as CSV"}
        </button>
        <button
          type="button"
          class="link"
          onClick={() => download(`${fileName(title)}.csv`, `${tableCsv(steps, lines)}\n`, "text/csv")}
        >
          Save as CSV
        </button>
      </p>
      {first > 0 && (
        <p class="soft small">
          the last {count(mostRows)} of {count(steps.length)} steps; copy and file have all
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={`${title}, all steps`}>
        <table class="grid num">
          <thead>
            <tr>
              <th scope="col">step</th>
              {lines.map((line) => (
                <th key={line.name} scope="col">
                  {line.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {steps.slice(first).map((step, i) => (
              <tr key={step}>
                <th scope="row">{step}</th>
                {lines.map((line) => (
                  <td key={line.name}>{figure(line.values[first + i])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
