/** What a server is asked to be, for the sentences that people read. */
export type ServerRole = "judge" | "policy";

/** Who is asked, and where. */
export interface Asked {
  role: ServerRole;
  url: string;
}

/** What stops when a person stops the work that asks. */
export const stoppedText: Record<ServerRole, string> = { judge: "the run was stopped", policy: "rolling was stopped" };

/** What is asked. */
export const questionText: Record<ServerRole, string> = { judge: "question", policy: "conversation" };
