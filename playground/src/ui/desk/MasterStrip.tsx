import { isTouched } from "../../desk/desk";
import { signed } from "../../desk/strip";
import { changeDesk, desk, endMovement, history, learning, redoStep, resetDesk, undoStep } from "../../state/store";

/** Controls of all faders at once: the dial β, how many are kept, undo and reset. */
export function MasterStrip() {
  const { beta, strips, keep, carried } = desk.value;
  const count = Object.keys(strips).length;
  const kept = Math.min(keep ?? count, count);
  const isOff = learning.value !== undefined;
  return (
    <div class="master" role="group" aria-label="All faders">
      <label class="dial">
        <span>
          β <output>{signed(beta)}</output>
        </span>
        <input
          type="range"
          id="beta"
          min={-1.5}
          max={1.5}
          step={0.05}
          value={beta}
          disabled={isOff || !isTouched(desk.value)}
          list="beta-marks"
          title="Multiplies all faders: +1 as they stand, 0 the model as it is, −1 all the other way"
          onInput={(event) => changeDesk({ beta: event.currentTarget.valueAsNumber }, "beta")}
          onChange={endMovement}
        />
        <datalist id="beta-marks">
          <option value="-1" />
          <option value="0" />
          <option value="1" />
        </datalist>
      </label>
      <label class="dial keep">
        <span>
          Keep the <output>{kept}</output> largest of {count}
        </span>
        <input
          type="range"
          id="keep"
          min={0}
          max={Math.max(1, count)}
          value={kept}
          disabled={isOff || count === 0}
          title="Pruning: how few faders do the work?"
          onInput={(event) => {
            const value = event.currentTarget.valueAsNumber;
            changeDesk({ keep: value >= count ? undefined : value }, "keep");
          }}
          onChange={endMovement}
        />
      </label>
      {carried && (
        <span class="carried" title={carried.description}>
          {carried.method} loaded
          <button
            type="button"
            class="plain"
            aria-label={`Take the ${carried.method} off the desk`}
            onClick={() => changeDesk({ carried: undefined })}
          >
            ×
          </button>
        </span>
      )}
      <span class="buttons">
        <button type="button" onClick={undoStep} disabled={isOff || history.value.past.length === 0} title="Ctrl+Z">
          Undo
        </button>
        <button
          type="button"
          onClick={redoStep}
          disabled={isOff || history.value.future.length === 0}
          title="Ctrl+Shift+Z"
        >
          Redo
        </button>
        <button type="button" onClick={resetDesk} disabled={isOff || !isTouched(desk.value)}>
          Reset all
        </button>
      </span>
    </div>
  );
}
