import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Box, Pixels } from "../../../image/pixels.ts";
import type { SurveyedPicture } from "../../../tasks/rows/survey.ts";
import type { RowDetails } from "../../worker_api/data_api.ts";
import { count } from "../labels/numbers.ts";
import { KnobField } from "../widgets/knob_field.tsx";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import { useData } from "./data_context.ts";
import { PromptTokens, type PromptView } from "./prompt_tokens.tsx";
import { changesOf, sizesOf } from "./sample_labels.ts";

/** One row whole: pictures with the box of the answer, columns, messages, the prompt with its tokens. */
export function SampleRow({ row }: { row: number }) {
  const data = useData();
  const rowSettings = data.rowSettings.value;
  const { rows, name } = data.chosen;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => void data.readRow(), [data, row, rowSettings]);
  // Whoever opened the row by keyboard goes on reading here
  useLayoutEffect(() => heading.current?.focus(), []);
  const known = data.details.value;
  const found = known?.row === row ? known.found : null;
  const go = (to: number): void => {
    data.row.value = to;
  };
  return (
    <>
      <div class="card">
        <div class="headline">
          <h2 ref={heading} tabIndex={-1}>
            <b>Row {count(row)}</b> of <span class="mono">{name}</span>
          </h2>
          <div class="buttons">
            <button type="button" disabled={row === 0} onClick={() => go(row - 1)}>
              ‹ Row before
            </button>
            <button type="button" disabled={row >= rows - 1} onClick={() => go(row + 1)}>
              Row after ›
            </button>
            <button
              type="button"
              onClick={() => {
                data.row.value = null;
              }}
            >
              All rows
            </button>
          </div>
        </div>
        {found ? <Overview found={found} /> : <p class="soft">reading the row…</p>}
      </div>
      {found && (
        <>
          <PromptCard found={found} />
          {found.messages.length > 0 && (
            <div class="card">
              <h2>
                <b>Messages</b> as the file has them
              </h2>
              {found.messages.map(({ role, content }, i) => (
                <div key={`${i} ${role}`} class="turn">
                  <div class="who">
                    <b>{role}</b>
                  </div>
                  <div class="mono pre">{content}</div>
                </div>
              ))}
            </div>
          )}
          <div class="card">
            <h2>
              <b>Columns</b> {found.columns.length}
            </h2>
            <dl class="columns">
              {found.columns.map(({ name: column, text }) => (
                <div key={column}>
                  <dt class="mono">{column}</dt>
                  <dd class="mono pre">{text}</dd>
                </div>
              ))}
            </dl>
          </div>
        </>
      )}
    </>
  );
}

function PromptCard({ found: { prompt, promptProblem } }: { found: RowDetails }) {
  const data = useData();
  const view = data.promptView.value;
  const choice = (name: PromptView) => (
    <button
      type="button"
      aria-pressed={view === name}
      onClick={() => {
        data.promptView.value = name;
      }}
    >
      {name}
    </button>
  );
  return (
    <div class="card">
      <div class="headline">
        <h2>
          <b>Prompt</b> {prompt ? `${count(prompt.tokens.length)} tokens, as the model gets them` : ""}
        </h2>
        <div class="buttons">
          <KnobField knob="prompt" label="chat format" />
          {prompt && (
            <span class="what">
              {choice("tokens")}
              {choice("text")}
            </span>
          )}
        </div>
      </div>
      {prompt ? (
        <PromptTokens prompt={prompt} view={view} />
      ) : (
        <p class="soft">{promptProblem ?? "The row cannot be read"}.</p>
      )}
    </div>
  );
}

function PictureCaption({ picture, hasGoldBox }: { picture: SurveyedPicture | undefined; hasGoldBox: boolean }) {
  if (!picture) return null;
  return (
    <figcaption class="cap num">
      {picture.format} {picture.mode} · {sizesOf(picture)}
      {hasGoldBox && " · dashed: the gold box"}
    </figcaption>
  );
}

function Overview({ found }: { found: RowDetails }) {
  const { asked, pictures, promptTokens, skip } = found.card;
  return (
    <div class="sample-open">
      <div class="stack">
        {found.shown.map((pixels, i) => (
          <figure key={`${i} ${pixels.width}`}>
            <Picture
              pixels={pixels}
              picture={pictures[i] ?? null}
              box={i === 0 ? found.goldBoxFilePx : null}
              label={`Picture ${i} of the row: ${asked?.question ?? ""}`}
            />
            <PictureCaption picture={pictures[i]} hasGoldBox={i === 0 && found.goldBoxFilePx !== null} />
          </figure>
        ))}
        {found.shown.length === 0 && <p class="soft">No picture to show.</p>}
      </div>
      <table class="kv facts">
        <tbody>
          {asked && (
            <>
              <Fact name="question" text={asked.question} />
              <Fact name="answer" text={asked.answer} />
              <Fact name="data_source" text={asked.dataSource || "none"} />
              <Fact name="env_name" text={asked.envName || "none"} />
            </>
          )}
          <Fact name="prompt tokens" text={promptTokens === null ? "not counted" : count(promptTokens)} />
          <Fact name="changed" text={changesOf(pictures).join(", ") || "nothing"} />
          <tr class={skip ? "skip" : ""}>
            <td>{skip ? "left out" : "kept"}</td>
            <td>{skip ? `${skip.kind}: ${skip.why}` : "yes"}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

const Fact = ({ name, text }: { name: string; text: string }) => (
  <tr>
    <td>{name}</td>
    <td>{text}</td>
  </tr>
);

/** The picture with the box in shares of its sides: the box is in the file's pixels, the picture as kept or smaller. */
function Picture({
  pixels,
  picture,
  box,
  label,
}: {
  pixels: Pixels;
  picture: SurveyedPicture | null;
  box: Box | null;
  label: string;
}) {
  return (
    <div class="stage fit" style={{ "--ratio": pixels.width / pixels.height }}>
      <PixelsCanvas pixels={pixels} label={label} />
      {box && picture && (
        <div
          class="box gold"
          style={{
            left: `${(box[0] / picture.width) * 100}%`,
            top: `${(box[1] / picture.height) * 100}%`,
            width: `${((box[2] - box[0]) / picture.width) * 100}%`,
            height: `${((box[3] - box[1]) / picture.height) * 100}%`,
          }}
        />
      )}
    </div>
  );
}
