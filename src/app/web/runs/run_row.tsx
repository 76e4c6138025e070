import { useState } from "preact/hooks";
import { count, figure, shortened } from "../labels/numbers.ts";
import { byteSize } from "../labels/sizes.ts";
import { usePage } from "../run/page_context.ts";
import { moment } from "./moment.ts";
import type { ListedRun } from "./run_columns.ts";
import { RunDetails } from "./run_details.tsx";
import type { RunsList } from "./runs_list.ts";
import { sweepsOf } from "./sweep_control.ts";

interface Props {
  run: ListedRun;
  isDrawn: boolean;
  list: RunsList;
  onRejudge(run: string): void;
}

/** Settings of a run that its row has room for. */
const mostSettings = 5;

/** A run in the table; below it, once it is asked for, the rest of what is known of it and can be done with it. */
export function RunRow({ run, isDrawn, list, onRejudge }: Props) {
  const page = usePage();
  const { store, control } = page;
  const sweeps = sweepsOf(page);
  const [open, setOpen] = useState(false);
  const { name, label, step, savedStep, steps, writer, result, summary, differs } = run;
  const moving = store.player.value === "playing" || store.player.value === "stepping";
  const id = `run-${name}`;
  const swept = sweeps.kept.value.find(({ id }) => id === sweeps.underWay.value?.id);
  const isSwept = swept?.runs.includes(name) ?? false;
  const hidden = differs.length - mostSettings;
  return (
    <>
      <tr>
        <td>
          <input
            type="checkbox"
            aria-label={`Draw the curves of ${label}`}
            checked={isDrawn}
            onChange={(event) => list.draw([name], event.currentTarget.checked)}
          />
        </td>
        <th scope="row">
          <button
            type="button"
            class="link"
            title={label === name ? undefined : name}
            onClick={() => void list.open(name)}
            aria-label={`Open the run ${label}`}
          >
            {shortened(label, 200)}
          </button>
          {!run.isNamedByDifference && (
            <span class="soft small settings">
              {differs
                .slice(0, mostSettings)
                .map(({ text }) => text)
                .join(" · ")}
              {hidden > 0 && ` · ${hidden} more`}
            </span>
          )}
        </th>
        <td class="num">
          {count(step)} of {count(steps)}
          <span class="soft small saved">{savedText(run, isSwept)}</span>
        </td>
        <td class="num">
          {figure(result?.accuracy)}
          {result && !result.isHeldOut && (
            <span class="soft small saved" title="Mean of the last training steps: the run was not evaluated">
              training
            </span>
          )}
          {result?.isHeldOut && <span class="soft small saved">held-out</span>}
        </td>
        <td class="num">
          {figure(result?.best?.accuracy)}
          {result?.best && <span class="soft small saved">step {count(result.best.step)}</span>}
        </td>
        <td class="num">{figure(result?.zoomRate)}</td>
        <td class="num wide-only">{figure(result?.reward)}</td>
        <td class="wide-only device">{shortened(summary?.device || "–", 60)}</td>
        <td class="num wide-only">{moment(run.startedAt)}</td>
        <td class="num wide-only">{byteSize(run.sizeBytes)}</td>
        <td class="actions">
          {savedStep < steps && (
            <button
              type="button"
              aria-label={`Go on with the run ${label} from step ${savedStep}`}
              title={savedStep === 0 ? "No checkpoint was saved: it begins again, with the same settings" : undefined}
              disabled={store.blocked.value || moving || writer !== null}
              onClick={() => void control.resume(name)}
            >
              Go on
            </button>
          )}
          <button
            type="button"
            aria-expanded={open}
            aria-controls={id}
            aria-label={`More: about the run ${label}`}
            onClick={() => setOpen(!open)}
          >
            More
          </button>
        </td>
      </tr>
      {open && (
        <tr class="details" id={id}>
          <td colSpan={11}>
            <RunDetails run={run} list={list} onRejudge={onRejudge} />
          </td>
        </tr>
      )}
    </>
  );
}

function savedText({ step, savedStep, writer, inPageAlone }: ListedRun, isSwept: boolean): string {
  const saved = inPageAlone
    ? "in this page alone"
    : savedStep === 0
      ? step === 0
        ? ""
        : "not saved"
      : savedStep === step
        ? ""
        : `saved at step ${count(savedStep)}`;
  const where = { here: "under way", elsewhere: isSwept ? "under way in a sweep" : "under way in another tab" };
  return [writer && where[writer], saved].filter(Boolean).join(", ");
}
