import { useRef } from "preact/hooks";
import { isTouched } from "../../desk/desk";
import { copyLink, exportFile, importFiles } from "../../state/files";
import { desk, learning, model, opening } from "../../state/store";
import { cycleTheme, theme } from "../../state/theme";
import { savePicture } from "../picture";
import { ModelDialog } from "./ModelDialog";
import { startTour } from "./Tour";

const themeWords = { system: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };

/** The name, the model that is open, and what goes in and out. */
export function TopBar() {
  const dialog = useRef<HTMLDialogElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const isOff = model.value === undefined || learning.value !== undefined;
  return (
    <header class="top">
      <h1>
        <img src="./icon.svg" alt="" width="26" height="26" /> Fader
      </h1>
      <button
        type="button"
        class="model"
        data-tour="model"
        disabled={learning.value !== undefined}
        onClick={() => dialog.current?.showModal()}
      >
        <span class="quiet">model</span> {opening.value?.name ?? model.value?.name ?? "…"}
      </button>
      <nav aria-label="In and out">
        <button type="button" disabled={isOff} onClick={() => file.current?.click()} title="Open an intervention file">
          Import
        </button>
        <button
          type="button"
          disabled={isOff || !isTouched(desk.value)}
          onClick={() => void exportFile()}
          title="Save the faders as a file that Fader reads everywhere"
        >
          Export
        </button>
        <button
          type="button"
          disabled={isOff}
          onClick={() => void copyLink()}
          title="Copy a link with the whole desk in it"
        >
          Link
        </button>
        <button
          type="button"
          disabled={isOff}
          onClick={() => void savePicture()}
          title="Save what you see inside as SVG"
        >
          Picture
        </button>
        <button type="button" onClick={startTour}>
          Tour
        </button>
        <button
          type="button"
          class="icon"
          onClick={cycleTheme}
          aria-label={themeWords[theme.value]}
          title={themeWords[theme.value]}
        >
          {{ system: "◐", light: "○", dark: "●" }[theme.value]}
        </button>
      </nav>
      <input
        ref={file}
        type="file"
        hidden
        aria-label="Intervention file"
        accept=".safetensors,.npz,.gguf"
        onChange={(event) => {
          void importFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      <ModelDialog dialog={dialog} />
    </header>
  );
}
