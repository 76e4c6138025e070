/**
 * Does work number 0 to `count` - 1, in order, at most `beside` at once. What throws ends the others: no more is begun, and
 * what is under way is waited for. A lane does one thing at a time. @param stopping  once it says true no more is begun
 */
export async function sideBySide(
  count: number,
  beside: number,
  work: (index: number, lane: number) => Promise<void>,
  stopping: () => boolean,
): Promise<void> {
  let next = 0;
  let isBroken = false;
  const run = async (lane: number): Promise<void> => {
    while (next < count && !isBroken && !stopping()) {
      try {
        await work(next++, lane);
      } catch (error) {
        isBroken = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(beside, count) }, (_, lane) => run(lane)));
  for (const ended of lanes) if (ended.status === "rejected") throw ended.reason;
}
