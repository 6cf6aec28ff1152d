import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { inside, outside } from "../../state/store";

interface Stop {
  /** Selector of the element that is pointed at. */
  readonly at: string;
  readonly title: string;
  readonly text: string;
  readonly before?: () => void;
}

const stops: readonly Stop[] = [
  {
    at: ".prompt",
    title: "A question with a catch",
    text: "The model knows the capital, but the text in front of it says otherwise. Which will it believe?",
  },
  {
    at: ".faders [tabindex='0']",
    title: "One fader",
    text: "Each fader turns one activation up or down: one layer, one token. Drag this one down, then up, or use the arrow keys.",
    before: () => {
      inside.value = "faders";
    },
  },
  {
    at: ".duel",
    title: "Watch the answer",
    text: "These are the chances of the two answers. One fader is enough to change the model's mind.",
  },
  {
    at: "#tab-learn",
    title: "Let it find the faders",
    text: "Learn lets the computer find the few faders that turn the answer for every country, also for those it has not seen.",
  },
  {
    at: "#tab-lens",
    title: "Look inside",
    text: "What would each layer say if the model ended there? And which words does attention read?",
  },
  {
    at: ".master",
    title: "One dial for all",
    text: "β turns all faders together: +1 as they stand, −1 the other way. Undo is always there. Have fun.",
  },
];

const name = "fader-tour-seen";
const current = signal<number | undefined>(undefined);

export function startTour(): void {
  outside.value = "answer";
  current.value = 0;
}

/** For a first visitor: starts by itself once. */
function startOnce(): void {
  try {
    if (localStorage.getItem(name) !== null || location.hash.startsWith("#d=")) return;
    startTour();
  } catch {
    // Where nothing can be remembered, a tour at every visit would be a nuisance.
  }
}

function end(): void {
  current.value = undefined;
  // Keys go on where the tour has led.
  document.querySelector<HTMLElement>(".faders [tabindex='0']")?.focus({ preventScroll: true });
  try {
    localStorage.setItem(name, "yes");
  } catch {
    // It will be offered again.
  }
}

/** A few words beside what they are about; Escape ends it. */
export function Tour() {
  const card = useRef<HTMLDivElement>(null);
  const at = current.value;
  const stop = at === undefined ? undefined : stops[at];
  useEffect(startOnce, []);
  useEffect(() => {
    if (stop === undefined) return;
    stop.before?.();
    const place = () => {
      const target = document.querySelector(stop.at) ?? document.querySelector("main")!;
      const own = card.current;
      if (own === null) return;
      // Not a class: a fader that is turned gets another one.
      target.setAttribute("data-toured", "");
      const box = target.getBoundingClientRect();
      const { width, height } = own.getBoundingClientRect();
      const below = box.bottom + 12 + height < innerHeight;
      const top = below ? box.bottom + 12 : Math.max(12, box.top - height - 12);
      const left = Math.max(12, Math.min(innerWidth - width - 12, box.left + box.width / 2 - width / 2));
      own.style.setProperty("top", `${top + scrollY}px`);
      own.style.setProperty("left", `${left}px`);
    };
    document.querySelector(stop.at)?.scrollIntoView({ block: "nearest" });
    // `before` may have opened a view: it is drawn before the card is placed.
    const frame = requestAnimationFrame(() => {
      place();
      card.current?.scrollIntoView({ block: "nearest" });
    });
    // Where it stands before it is placed is nowhere to scroll to.
    card.current?.focus({ preventScroll: true });
    addEventListener("resize", place);
    // The page grows when the model is there.
    const grown = new ResizeObserver(place);
    grown.observe(document.body);
    const leave = (event: KeyboardEvent) => event.key === "Escape" && end();
    addEventListener("keydown", leave);
    return () => {
      cancelAnimationFrame(frame);
      grown.disconnect();
      removeEventListener("resize", place);
      removeEventListener("keydown", leave);
      for (const marked of document.querySelectorAll("[data-toured]")) marked.removeAttribute("data-toured");
    };
  }, [stop]);
  if (stop === undefined || at === undefined) return null;
  const isLast = at === stops.length - 1;
  return (
    <div ref={card} class="tour" role="dialog" aria-label={`Tour: ${stop.title}`} tabIndex={-1}>
      <h2>{stop.title}</h2>
      <p>{stop.text}</p>
      <div class="line">
        <span class="quiet">
          {at + 1} of {stops.length}
        </span>
        <button type="button" class="plain" onClick={end}>
          End
        </button>
        <button
          type="button"
          class="main"
          onClick={() => {
            if (isLast) end();
            else current.value = at + 1;
          }}
        >
          {isLast ? "Begin" : "Next"}
        </button>
      </div>
    </div>
  );
}
