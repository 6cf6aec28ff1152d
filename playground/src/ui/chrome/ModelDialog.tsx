import type { RefObject } from "preact";
import { useRef, useState } from "preact/hooks";
import type { ModelSource } from "../../protocol";
import { change, importFiles } from "../../state/files";
import { model, type Notice, notice, opening } from "../../state/store";
import { Words } from "./NoticeBar";

/** Chooses the model: the built-in one, a folder of this machine, or a name on the hub. */
export function ModelDialog({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  const folder = useRef<HTMLInputElement>(null);
  const [name, setName] = useState("");
  const busy = opening.value;
  const progress = busy?.progress;
  const close = () => dialog.current?.close();
  // The notice bar behind an open dialog is neither seen nor read aloud, so problems are shown here too.
  const [failed, setFailed] = useState<Notice>();
  const open = async (source: ModelSource, named: string) => {
    setFailed(undefined);
    if (await change(source, named)) close();
    else setFailed(notice.value);
  };
  return (
    <dialog ref={dialog} class="models" aria-labelledby="models-title">
      <h2 id="models-title">Which model?</h2>
      <div class="choice">
        <h3>The built-in one</h3>
        <p class="quiet">Small, knows the capitals of the world, and is here already.</p>
        <button
          type="button"
          disabled={busy !== undefined || model.value?.source === "built-in"}
          onClick={() => void open({ kind: "built-in" }, "capitals")}
        >
          {model.value?.source === "built-in" ? "Open now" : "Open"}
        </button>
      </div>
      <div class="choice">
        <h3>A folder of yours</h3>
        <p class="quiet">
          In Hugging Face layout: <code>config.json</code>, <code>tokenizer.json</code>, <code>model.safetensors</code>.
          GPT-2, GPT-NeoX and LLaMA families. You can drop it anywhere on this page too.
        </p>
        <button type="button" disabled={busy !== undefined} onClick={() => folder.current?.click()}>
          Choose a folder
        </button>
        <input
          ref={folder}
          type="file"
          hidden
          multiple
          aria-label="Folder of a model"
          {...{ webkitdirectory: true }}
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = "";
            void importFiles(files).then(close);
          }}
        />
      </div>
      <form
        class="choice"
        onSubmit={(event) => {
          event.preventDefault();
          void open({ kind: "hub", name: name.trim() }, name.trim());
        }}
      >
        <h3>A name on the Hugging Face hub</h3>
        <p class="quiet">It is downloaded into this browser once, and opens without a network afterwards.</p>
        <div class="line">
          <input
            type="text"
            aria-label="Name on the hub, owner and model"
            placeholder="EleutherAI/pythia-70m"
            value={name}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <button type="submit" disabled={busy !== undefined || name.trim() === ""}>
            Download
          </button>
        </div>
      </form>
      {busy && (
        <p class="progress" role="status">
          <span>
            Opening {busy.name}
            {progress && ` · ${progress.file}, ${size(progress.loaded)} of ${size(progress.total)}`}
          </span>
          <progress {...(progress && progress.total > 0 && { value: progress.loaded, max: progress.total })} />
        </p>
      )}
      <div role="alert">
        {failed !== undefined && failed === notice.value && (
          <div class="notice problem">
            <Words {...failed} />
          </div>
        )}
      </div>
      <form method="dialog" class="end">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}

function size(bytes: number): string {
  return bytes < 1e6
    ? `${Math.ceil(bytes / 1e3)} kB`
    : bytes < 1e9
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${(bytes / 1e9).toFixed(2)} GB`;
}
