/**
 * Tasks of one's own: how many dots are in the picture? Each picture is rendered again from the task's id, so that a log
 * stays small and a replay shows the same picture.
 *
 *     npx deno run -A examples/own_tasks.ts
 *
 * On the command line: `npm run saccade -- train --tasks ./examples/own_tasks.ts`.
 */
import { defineTasks, type GivenTask, type Pixels, train } from "saccade";

const sidePx = 128;

/** Nine places for dots; a shuffled order of them is cut to the count. */
function dotsOf(id: string): { x: number; y: number }[] {
  // A small random number generator: the same id gives the same dots.
  let state = [...id].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16_777_619) >>> 0, 2_166_136_261);
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const places = Array.from({ length: 9 }, (_, i) => ({ x: 24 + 40 * (i % 3), y: 24 + 40 * Math.floor(i / 3) }));
  const count = 1 + next(9);
  return Array.from({ length: count }, () => places.splice(next(places.length), 1)).flat();
}

const dotsTask = (id: string): GivenTask => ({
  id,
  question: "How many dots are in the picture?",
  answer: String(dotsOf(id).length),
  imageSizesPx: [{ width: sidePx, height: sidePx }],
});

/** (128, 128, 3), white with black dots of 12 px. */
function dotsPicture(id: string): Pixels {
  const data = new Uint8Array(sidePx * sidePx * 3).fill(255);
  for (const { x, y } of dotsOf(id))
    for (let row = y - 6; row < y + 6; row++) data.fill(0, (row * sidePx + x - 6) * 3, (row * sidePx + x + 6) * 3);
  return { width: sidePx, height: sidePx, data };
}

const dots = defineTasks({
  name: "dots",
  label: "Counting dots",
  help: "How many dots are in the picture?",
  take: (step, count) => Array.from({ length: count }, (_, i) => dotsTask(`train/${step}/${i}`)),
  heldOut: (count) => Array.from({ length: count }, (_, i) => dotsTask(`heldout/${i}`)),
  pictures: ({ id }) => [dotsPicture(id)],
});

export default dots;

if (import.meta.main)
  for await (const event of train({ model: "needle", tasks: dots, steps: 1, tasksPerStep: 2, rolloutsPerTask: 2 })) {
    if (event.type === "tasks") console.log(event.tasks.map(({ id, answer }) => `${id}: ${answer}`).join(", "));
    if (event.type === "update") console.log(event.step, event.metrics.accuracy);
  }
