import { stream } from "fader";
import type { Edit } from "../protocol";
import { turnedBy } from "./edit";
import type { Session } from "./session";

/**
 * Continues a prompt as the model is and under an edit, side by side in one batch. Resolves with false when `signal`
 * ended it. Faders stay with the tokens of the prompt; edits without positions act on new tokens too.
 */
export async function generateBoth(
  session: Session,
  { prompt, edit, maxTokens }: { prompt: string; edit: Edit; maxTokens: number },
  onText: (side: "clean" | "steered", text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const { interventions, beta } = turnedBy(edit, session, session.idsToRun(prompt).length);
  const tokens = stream(session.model, [prompt, prompt], { interventions, beta: [0, beta], maxTokens, signal });
  try {
    for await (const { row, text } of tokens) if (text !== "") onText(row === 0 ? "clean" : "steered", text);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
