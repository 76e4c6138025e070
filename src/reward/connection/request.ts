/** One question to a judge that reads: an OpenAI chat completion without what only the connection knows. */
export interface JudgeRequest {
  messages: { role: "system" | "user" | "assistant"; content: string }[];
  temperature: number;
  /** Sent along with the request where a server knows it. */
  extra?: Record<string, unknown>;
}

/** Asks a judge. Rejects where no reply could be had. */
export type AskJudge = (request: JudgeRequest) => Promise<string>;

/** What is asked about an answer. */
export interface JudgedAnswer {
  question: string;
  goldAnswer: string;
}
