import type { Rollout } from "../../agent/rollout.ts";
import { zoomPlaces } from "../../agent/zoom_places.ts";
import type { Box } from "../../image/pixels.ts";
import type { Task } from "../../tasks/task.ts";
import { html, type Markup } from "./markup.ts";
import type { PagePicture, PagePictures } from "./page_pictures.ts";

/** A style rule for each picture: one that is shown at several places stands in the file once. */
export class PictureClasses {
  readonly #classes = new Map<string, string>();

  of({ url }: PagePicture): string {
    const found = this.#classes.get(url) ?? `p${this.#classes.size}`;
    this.#classes.set(url, found);
    return found;
  }

  /** Made by the PNG writer, so that no quote is in them. */
  rules(): string {
    return [...this.#classes].map(([url, name]) => `.${name} { background-image: url("${url}"); }\n`).join("");
  }
}

/** A picture of the model's, by its name for those who do not see it. */
export const pictureBox = (picture: PagePicture, label: string, classes: PictureClasses, inside?: Markup): Markup =>
  html`<span class="picture ${classes.of(picture)}" role="img" aria-label="${label}" style="aspect-ratio: ${picture.widthPx} / ${picture.heightPx}">${inside}</span>`;

/** Boxes that are drawn at most. */
const mostBoxes = 64;

/** The task's first picture with its gold box (dashed), and where the model zoomed in it. */
export function stage(rollout: Rollout, task: Task, pictures: PagePictures, classes: PictureClasses): Markup {
  const { original } = pictures;
  if (!original) return html`<p class="soft">The picture is not here.</p>`;
  const boxes = zoomPlaces(
    rollout.calls,
    pictures.inputs.map(({ call }) => call),
  )
    .filter(({ inFirst }) => inFirst !== null)
    .slice(0, mostBoxes);
  const isNested = boxes.some(({ imageIndex }) => imageIndex > 0);
  const drawn = html`${task.goldBoxSourcePx && html`<i class="box gold" style="${place(task.goldBoxSourcePx, original)}"></i>`}${boxes.map(
    ({ call, inFirst, number, imageIndex }) =>
      html`<i class="box zoom${(number + 1) % 2}${imageIndex > 0 && " nested"}" style="${place(inFirst!, original)}"><b>${number}${!call.replaced && call.iou !== undefined && ` · IoU ${call.iou.toFixed(2)}`}</b></i>`,
  )}`;
  const label = `Picture of ${original.widthPx} × ${original.heightPx} pixels with ${boxes.length} boxes of the model`;
  return html`<figure class="stage">${pictureBox(original, label, classes, drawn)}
<figcaption>${original.widthPx} × ${original.heightPx}${task.goldBoxSourcePx && " · dashed: the gold box"}${boxes.length > 0 && " · numbers: where the model zoomed"}${isNested && " · dotted: a zoom into a crop, where it lies here"}</figcaption></figure>`;
}

/** A box in a log may lie outside the picture, and hold what is no number. */
function place([left, top, right, bottom]: Box, { widthPx, heightPx }: PagePicture): string {
  const share = (at: number, side: number): number => {
    const found = Math.min(1, Math.max(0, at / side)) * 100;
    return Number.isFinite(found) ? found : 0;
  };
  const [x, y] = [share(left, widthPx), share(top, heightPx)];
  const width = Math.max(0, share(right, widthPx) - x);
  const height = Math.max(0, share(bottom, heightPx) - y);
  return `left: ${x.toFixed(2)}%; top: ${y.toFixed(2)}%; width: ${width.toFixed(2)}%; height: ${height.toFixed(2)}%`;
}
