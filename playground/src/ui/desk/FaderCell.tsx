import { memo } from "preact/compat";
import { type Strip, signed, soundingAlpha, travel } from "../../desk/strip";
import { useDrag, way } from "./use-drag";

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
  /** Its box in the drawing, in pixels. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A fader: a cap on a track whose middle is "as it is". Drag, wheel, keys; two clicks put it to rest. */
export const FaderCell = memo(
  function FaderCell({ id, name, strip, isSelected, isFocus, isResting, onSelect, x, y, width, height }: Props) {
    const drag = useDrag(id, height, onSelect);
    const alpha = soundingAlpha(strip);
    const [center, middle] = [x + width / 2, y + height / 2];
    const at = middle - Math.max(-1, Math.min(1, alpha / travel)) * (way / 2) * height;
    const cap = Math.min(24, 0.7 * width);
    const flags = [strip.muted && "muted", strip.solo && "solo", strip.reversed && "reversed"].filter(Boolean);
    const tone = alpha === 0 ? "" : alpha > 0 ? "up" : "down";
    const box = { x, y, width, height, rx: 7 };
    // The number, and the flags next to it, stand at the end that the cap is not at.
    const line = (index: number) => (alpha > 0 ? y + height - 5 - 11 * index : y + 12 + 11 * index);
    return (
      <g role="gridcell" aria-selected={isSelected}>
        <g
          {...drag}
          role="slider"
          class={["fader", tone, isResting ? "resting" : "", ...flags].join(" ").trim()}
          tabindex={isFocus ? 0 : -1}
          data-fader={id}
          data-alpha={alpha}
          aria-label={name}
          aria-orientation="vertical"
          aria-valuemin={-travel}
          aria-valuemax={travel}
          aria-valuenow={alpha}
          aria-valuetext={[`${signed(alpha)}, strength ${(1 + alpha).toFixed(2)}`, ...flags].join(", ")}
        >
          <title>{`${name}: ${signed(alpha)}`}</title>
          <rect class="well" {...box} />
          <rect class="track" x={center - 1} y={y + 8} width={2} height={height - 16} rx={1} />
          <rect class="track" x={center - 0.28 * width} y={middle - 0.5} width={0.56 * width} height={1} />
          {alpha !== 0 && (
            <rect
              class="fill"
              x={center - 2}
              y={Math.min(at, middle)}
              width={4}
              height={Math.abs(at - middle)}
              rx={2}
            />
          )}
          <rect class="cap" x={center - cap / 2} y={at - 6} width={cap} height={12} rx={4} />
          <rect class="grip" x={center - cap / 2 + 5} y={at - 0.5} width={cap - 10} height={1} />
          {alpha !== 0 && (
            <text x={center} y={line(0)} text-anchor="middle">
              {signed(alpha)}
            </text>
          )}
          {flags.length > 0 && (
            <text class="flags" x={center} y={line(alpha === 0 ? 0 : 1)} text-anchor="middle">
              {flags.map((flag) => (flag as string)[0]!.toUpperCase()).join("")}
            </text>
          )}
          {isSelected && <rect class="ring on-page" {...box} />}
        </g>
      </g>
    );
  },
  // All but the function, which is another one each time.
  ({ onSelect: _, ...a }, { onSelect: __, ...b }) => {
    return (Object.keys(a) as (keyof typeof a)[]).every((key) => a[key] === b[key]);
  },
);
