// biome-ignore-all lint/a11y/useSemanticElements: rows of a table cannot be laid out by place
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and names its row (aria-activedescendant)
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid has the keys
import type { ListRow } from "../../rollout_list/list_row.ts";
import { rolloutNumber } from "../../text/continuation_words.ts";
import { count, figure, signed } from "../labels/numbers.ts";
import { answerText, outcomeColour, outcomeLabel, outcomeLetter } from "./row_words.ts";

/** Of every row: places follow from how far the list is scrolled. */
export const rowPx = 46;
interface RowProps {
  place: number;
  /** Null until it is here. */
  row: ListRow | null;
  isAt: boolean;
  isChosen: boolean;
  onChoose(): void;
  onOpen(): void;
}

/** A rollout in the list. */
export function ListRowLine({ place, row, isAt, isChosen, onChoose, onOpen }: RowProps) {
  return (
    <div
      id={`row-${place}`}
      class="row-of"
      role="row"
      aria-rowindex={place + 2}
      aria-selected={isChosen}
      data-rollout={row?.id}
      data-at={isAt ? "" : undefined}
      style={{ top: `${place * rowPx}px`, height: `${rowPx}px` }}
      onClick={onChoose}
      onDblClick={onOpen}
    >
      {row === null ? (
        <span class="cell-of of-words soft small" role="gridcell">
          …
        </span>
      ) : (
        <Cells row={row} />
      )}
    </div>
  );
}

function Cells({ row }: { row: ListRow }) {
  const { excerpt, mark } = row;
  return (
    <>
      <span class="cell-of of-outcome" role="gridcell">
        <b class="letter" style={{ "--c": `var(${outcomeColour(row)})` }} title={outcomeLabel(row)} aria-hidden="true">
          {outcomeLetter(row)}
        </b>
        <span class="hidden">{outcomeLabel(row)}</span>
      </span>
      <span
        class="cell-of of-place num"
        role="gridcell"
        title={`step ${row.step}, task ${row.taskIndex + 1}, rollout ${row.rolloutIndex + 1}`}
      >
        {count(row.step)}
        <i>
          ·{row.taskIndex + 1}·{row.rolloutIndex + 1}
        </i>
      </span>
      <span class="cell-of of-words" role="gridcell">
        <span class="line" title={row.question}>
          {row.question}
        </span>
        <span
          class="line soft small"
          title={excerpt ? excerpt.before + excerpt.found + excerpt.after : answerText(row)}
        >
          {mark && <MarkSigns mark={mark} />}
          {row.continues !== null && <span class="sign">continues rollout {rolloutNumber(row.continues)}</span>}
          {excerpt ? (
            <>
              {excerpt.before}
              <mark>{excerpt.found}</mark>
              {excerpt.after}
            </>
          ) : (
            answerText(row)
          )}
        </span>
      </span>
      <span class="cell-of of-number num" role="gridcell">
        {row.reward === null ? "–" : figure(row.reward)}
      </span>
      <span class="cell-of of-number num" role="gridcell">
        {row.advantage === null ? "–" : signed(row.advantage)}
      </span>
      <span class="cell-of of-number narrow num" role="gridcell">
        {row.zooms}
        {row.calls > row.zooms && <i title={`${row.calls - row.zooms} refused`}> +{row.calls - row.zooms}✕</i>}
      </span>
      <span class="cell-of of-number wide-only num" role="gridcell">
        {row.iou === null ? "–" : figure(row.iou)}
      </span>
      <span class="cell-of of-number wide-only num" role="gridcell">
        {count(row.tokens)}
      </span>
    </>
  );
}

function MarkSigns({ mark }: { mark: NonNullable<ListRow["mark"]> }) {
  return (
    <>
      {mark.judgeWrong && <span class="sign wrong">judge is wrong</span>}
      {mark.tags.map((tag) => (
        <span key={tag} class="sign">
          {tag}
        </span>
      ))}
      {mark.note !== "" && (
        <span class="sign" title={mark.note}>
          note
        </span>
      )}
    </>
  );
}
