/** What the server that this page came from says to begin with; kept for when it cannot be reached. */
import { readRecord, writeRecord } from "../accounts/storage.ts";

export interface Start {
  readonly configuration?: string;
  readonly pushKey?: string;
}

export async function readStart(): Promise<Start | undefined> {
  try {
    const answer = await fetch("start.json");
    if (!answer.ok) throw new Error("No start");
    const start = (await answer.json()) as Start;
    await writeRecord("start", start);
    return start;
  } catch {
    return readRecord<Start>("start");
  }
}
