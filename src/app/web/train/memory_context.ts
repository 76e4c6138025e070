import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { insidePage } from "../run/page_context.ts";
import type { MemoryControl } from "./memory_control.ts";

export const MemoryContext = createContext<MemoryControl | null>(null);

/** The estimate of the memory that a run will take. */
export const useMemory = (): MemoryControl => insidePage(useContext(MemoryContext));
