import { useEffect, useRef } from "preact/hooks";
import { atRest, type Strip, tidyAlpha, travel } from "../../desk/strip";
import { changeStrips, desk, endMovement, learning, selection } from "../../state/store";

/** Share of its height that a cap can go: it stays under the pointer. */
export const way = 0.8;
/** With Shift the movement is four times finer. */
const fine = 0.25;
const wheelStep = 0.05;
/** Below this a press is a click, not a drag. */
const slop = 3;

/** Pointer of a fader `height` pixels high: drag turns all that are selected, two clicks put them to rest, the wheel turns. */
export function useDrag(id: string, height: number, onSelect: (extend: boolean) => void) {
  const element = useRef<SVGGElement>(null);
  const start = useRef<{ y: number; isMoving: boolean; alphas: Map<string, number> } | undefined>(undefined);

  // Preact listens passively to the wheel, and the page would scroll.
  useEffect(() => {
    const own = element.current!;
    const wheel = (event: WheelEvent) => {
      // Only a fader that was chosen turns: a page that is scrolled must not change the model.
      if (!selection.value.has(id) || document.activeElement !== own || learning.value !== undefined) return;
      event.preventDefault();
      // With Shift some browsers turn the wheel sideways.
      const by = -Math.sign(event.deltaY || event.deltaX) * wheelStep * (event.shiftKey ? fine : 1);
      changeStrips((strip) => ({ ...strip, alpha: tidyAlpha(strip.alpha + by) }), `wheel ${id}`);
    };
    own.addEventListener("wheel", wheel, { passive: false });
    return () => own.removeEventListener("wheel", wheel);
  }, [id]);

  return {
    ref: element,
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0 || learning.value !== undefined) return;
      // A selected fader is dragged together with the others that are selected.
      if (event.shiftKey || !selection.value.has(id)) onSelect(event.shiftKey);
      const alphas = new Map([...selection.value].map((key) => [key, (desk.value.strips[key] ?? atRest).alpha]));
      start.current = { y: event.clientY, isMoving: false, alphas };
      element.current!.setPointerCapture(event.pointerId);
      element.current!.focus();
    },
    onPointerMove(event: PointerEvent) {
      const begun = start.current;
      if (begun === undefined) return;
      const moved = begun.y - event.clientY;
      if (!begun.isMoving && Math.abs(moved) < slop) return;
      begun.isMoving = true;
      const by = ((2 * travel * moved) / (way * height)) * (event.shiftKey ? fine : 1);
      const turned = (alpha: number) => tidyAlpha(Math.max(-travel, Math.min(travel, alpha + by)));
      const change = (strip: Strip, key: string) => ({ ...strip, alpha: turned(begun.alphas.get(key)!) });
      changeStrips(change, `drag ${id}`, begun.alphas.keys());
    },
    onPointerUp() {
      start.current = undefined;
      endMovement();
    },
    onPointerCancel() {
      start.current = undefined;
      endMovement();
    },
    onDblClick() {
      changeStrips(() => atRest);
    },
  };
}
