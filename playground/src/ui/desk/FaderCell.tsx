import { memo } from "preact/compat";
import { type Strip, signed, soundingAlpha, travel } from "../../desk/strip";
import { useDrag } from "./use-drag";

interface Props {
  id: string;
  name: string;
  strip: Strip;
  isSelected: boolean;
  /** The one that Tab reaches. */
  isFocus: boolean;
  /** Not heard, because others are solo. */
  isResting: boolean;
  onSelect(extend: boolean): void;
}

/** One fader: a cap on a track whose middle is "as it is". Drag, wheel, keys; two clicks put it to rest. */
export const FaderCell = memo(
  function FaderCell({ id, name, strip, isSelected, isFocus, isResting, onSelect }: Props) {
    const drag = useDrag(id, onSelect);
    const alpha = soundingAlpha(strip);
    const at = Math.max(-1, Math.min(1, alpha / travel));
    const flags = [strip.muted && "muted", strip.solo && "solo", strip.reversed && "reversed"].filter(Boolean);
    const tone = alpha === 0 ? "" : alpha > 0 ? "up" : "down";
    return (
      <span role="gridcell" class="cell" aria-selected={isSelected}>
        <span
          {...drag}
          role="slider"
          class={["fader", tone, isResting ? "resting" : "", ...flags].join(" ").trim()}
          tabIndex={isFocus ? 0 : -1}
          data-fader={id}
          data-alpha={alpha}
          aria-label={name}
          aria-orientation="vertical"
          aria-valuemin={-travel}
          aria-valuemax={travel}
          aria-valuenow={alpha}
          aria-valuetext={[`${signed(alpha)}, strength ${(1 + alpha).toFixed(2)}`, ...flags].join(", ")}
          title={`${name}: ${signed(alpha)}`}
          style={{ "--at": at }}
        >
          <i class="fill" />
          <i class="cap" />
          {flags.length > 0 && <b class="flags">{flags.map((flag) => (flag as string)[0]!.toUpperCase()).join("")}</b>}
        </span>
      </span>
    );
  },
  (a, b) =>
    a.strip === b.strip &&
    a.id === b.id &&
    a.name === b.name &&
    a.isSelected === b.isSelected &&
    a.isFocus === b.isFocus &&
    a.isResting === b.isResting,
);
