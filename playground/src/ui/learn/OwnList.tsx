import { useRef, useState } from "preact/hooks";

import { formatList, parseList, readPromptFile, withPrompt } from "../../desk/own-list";
import { change, settings } from "../../state/learning";
import { desk } from "../../state/store";

/** Larger files are no lists that somebody edits in a page. */
const mostBytes = 1e6;
/** Lines that are wrong and shown at once. */
const mostErrors = 4;

/** The list of one's own: a line for each prompt, or a file of them. */
export function OwnList() {
  const area = useRef<HTMLTextAreaElement>(null);
  const file = useRef<HTMLInputElement>(null);
  // A line that is being typed is not called wrong yet.
  const [isTyping, setTyping] = useState(false);
  const [fileProblem, setFileProblem] = useState<string>();
  const { own } = settings.value;
  const { prompts, errors } = parseList(own);
  const { prompt, answers } = desk.value;
  const canAdd = prompt !== "" && answers !== undefined && answers.correct !== "" && answers.wrong !== "";
  const shown = isTyping ? [] : errors;
  const set = (text: string) => {
    setTyping(false);
    setFileProblem(undefined);
    change({ own: text });
  };
  const read = async (chosen: File | undefined) => {
    if (chosen === undefined) return;
    try {
      if (chosen.size > mostBytes) throw new Error(`${chosen.name} is larger than 1 MB: that is no list to edit here.`);
      set(formatList(readPromptFile(chosen.name, await chosen.text())));
    } catch (error) {
      setFileProblem((error as Error).message);
    }
  };
  return (
    <div class="own">
      <label for="own-list" class="title">
        One prompt a line
      </label>
      <textarea
        ref={area}
        id="own-list"
        rows={6}
        wrap="off"
        spellcheck={false}
        placeholder={"The sky is | blue | green\nSnow is | white | black"}
        value={own}
        aria-describedby="own-format own-errors"
        aria-invalid={shown.length > 0}
        onInput={(event) => {
          setTyping(true);
          change({ own: event.currentTarget.value });
        }}
        onBlur={() => setTyping(false)}
      />
      <p class="quiet about" id="own-format">
        <code>prompt | answer | other answer</code> with <code>\n</code> for a new line. Answers are single tokens; all
        prompts should have the same number of tokens.
      </p>
      <div id="own-errors" role="status">
        {shown.slice(0, mostErrors).map(({ line, problem }) => (
          <p key={line} class="wrong-line">
            {line !== undefined && (
              <button type="button" class="plain" onClick={() => selectLine(area.current!, line)}>
                line {line}
              </button>
            )}
            {problem}
          </p>
        ))}
        {shown.length > mostErrors && <p class="wrong-line">and {shown.length - mostErrors} more lines</p>}
        {errors.length === 0 && <p class="quiet about">{prompts.length} prompts</p>}
      </div>
      <div class="line">
        <button
          type="button"
          disabled={!canAdd}
          title={canAdd ? undefined : "The desk has no prompt with two answers"}
          onClick={() => set(withPrompt(own, { text: prompt, ...answers! }))}
        >
          Add the desk's prompt
        </button>
        <button
          type="button"
          onClick={() => file.current?.click()}
          title='A list, or lines, of { "text", "correct", "wrong" }'
        >
          Open a .json
        </button>
        <input
          ref={file}
          type="file"
          hidden
          id="own-file"
          aria-label="File of prompts"
          accept=".json,.jsonl"
          onChange={(event) => {
            void read(event.currentTarget.files?.[0]);
            event.currentTarget.value = "";
          }}
        />
      </div>
      <div role="alert">{fileProblem !== undefined && <p class="wrong-line">{fileProblem}</p>}</div>
    </div>
  );
}

function selectLine(area: HTMLTextAreaElement, line: number): void {
  const lines = area.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + lines[line - 1]!.length);
}
