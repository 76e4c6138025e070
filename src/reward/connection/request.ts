import type { ChatRequest } from "../../connection/server_connection.ts";

/** One question to a judge that reads. */
export interface JudgeRequest extends ChatRequest {
  messages: { role: "system" | "user" | "assistant"; content: string }[];
}

/** Asks a judge. Rejects where no reply could be had. */
export type AskJudge = (request: JudgeRequest) => Promise<string>;

/** What is asked about an answer. */
export interface JudgedAnswer {
  question: string;
  goldAnswer: string;
}
