/**
 * What several generators yield, in the order in which it happens. Each goes on only once what it yielded was taken; the
 * others do meanwhile. Where one throws, or the reader leaves, all are ended.
 */
export async function* sideBySide<T>(all: readonly AsyncGenerator<T, void>[]): AsyncGenerator<T, void> {
  const advance = async (one: AsyncGenerator<T, void>) => ({ one, result: await one.next() });
  const next = new Map(all.map((one) => [one, advance(one)] as const));
  try {
    while (next.size > 0) {
      const { one, result } = await Promise.race(next.values());
      next.delete(one);
      if (result.done) continue;
      yield result.value;
      next.set(one, advance(one));
    }
  } finally {
    const underWay = [...next.values()];
    await Promise.allSettled([...underWay, ...[...next.keys()].map((one) => one.return())]);
  }
}
