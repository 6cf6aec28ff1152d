import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { droppedFiles } from "../../state/dropped";
import { importFiles } from "../../state/files";
import { complain, learning, say } from "../../state/store";

const isOver = signal(false);

/** Takes files that are dropped anywhere on the page. */
export function DropZone() {
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      isOver.value = true;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) isOver.value = false;
    };
    const drop = (event: DragEvent) => {
      isOver.value = false;
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      if (learning.value !== undefined) {
        say("Files can be opened once learning has ended.");
        return;
      }
      void droppedFiles(event.dataTransfer).then(importFiles).catch(complain);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  if (!isOver.value) return null;
  return <div class="drop">Drop a model's folder, or an intervention file</div>;
}
