import { type Signal, signal } from "@preact/signals";

/** A filter with its order, under a name. */
export interface KeptFilter {
  name: string;
  find: string;
  sort: string;
}

/** Filters that many look for. */
export const commonFilters: readonly KeptFilter[] = [
  { name: "wrong, though it zoomed", find: "is:wrong tool:used", sort: "" },
  { name: "right without the tool", find: "is:right tool:unused", sort: "" },
  { name: "beside the gold box", find: "tool:used iou<=0.1", sort: "iou" },
  { name: "format broken", find: "is:format", sort: "" },
  { name: "best paid", find: "", sort: "-reward" },
];

const storageKey = "saccade.filters";
const mostKept = 50;

function read(): KeptFilter[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(storageKey) ?? "[]");
    const isFilter = (one: Partial<KeptFilter> | null): one is KeptFilter =>
      typeof one?.name === "string" && typeof one.find === "string" && typeof one.sort === "string";
    return Array.isArray(kept) ? kept.filter(isFilter).slice(0, mostKept) : [];
  } catch {
    // No storage, or not ours: nothing is kept.
    return [];
  }
}

/** Filters that a person has named, in this browser; a link to one needs none of that. */
export const keptFilters: Signal<readonly KeptFilter[]> = signal(read());

/** Keeps a filter in the place of one of the same name. */
export function keepFilter(filter: KeptFilter): void {
  set([...keptFilters.value.filter(({ name }) => name !== filter.name), filter].slice(-mostKept));
}

export function forgetFilter(name: string): void {
  set(keptFilters.value.filter((one) => one.name !== name));
}

function set(filters: readonly KeptFilter[]): void {
  keptFilters.value = filters;
  try {
    localStorage.setItem(storageKey, JSON.stringify(filters));
  } catch {
    // They stay until the page is left.
  }
}
