import { learning, redoStep, undoStep } from "./store";

/** Ctrl or ⌘ with Z goes back, with Shift or as Y forward; in a text field they are the field's own. */
export function listenForUndo(): () => void {
  const listen = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || learning.value !== undefined) return;
    const target = event.target as HTMLElement;
    if (target.matches("textarea, input[type=text]")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) redoStep();
    else undoStep();
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}
