import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** A frame that a drawing can be wider than: what to give to its element, and how many pixels wide it is. */
export function useFrame() {
  const ref = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(0);
  useLayoutEffect(() => {
    const own = ref.current!;
    const measure = () => setRoom(own.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(own);
    return () => observer.disconnect();
  }, []);
  const frame = {
    ref,
    class: "scroller",
    // The names of rows stay where they are while the cells move (.names and .cells in look.css).
    onScroll({ currentTarget }: { currentTarget: HTMLElement }) {
      currentTarget.style.setProperty("--scrolled", `${currentTarget.scrollLeft}px`);
    },
  };
  return { frame, room, isForTouch: innerWidth <= 900 };
}
