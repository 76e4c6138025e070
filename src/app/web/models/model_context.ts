import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { insidePage } from "../run/page_context.ts";
import type { ModelControl } from "./model_control.ts";

export const ModelContext = createContext<ModelControl | null>(null);

/** Choosing a model, the Hub, its token. */
export const useModels = (): ModelControl => insidePage(useContext(ModelContext));
