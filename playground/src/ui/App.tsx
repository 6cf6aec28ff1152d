import { useEffect } from "preact/hooks";
import { type InsideView, inside, learning, type OutsideView, outside, redoStep, undoStep } from "../state/store";
import { AnswerPanel } from "./answer/AnswerPanel";
import { Duel } from "./answer/Duel";
import { DropZone } from "./chrome/DropZone";
import { NoticeBar } from "./chrome/NoticeBar";
import { StatusLine } from "./chrome/StatusLine";
import { Tabs } from "./chrome/Tabs";
import { TopBar } from "./chrome/TopBar";
import { Tour } from "./chrome/Tour";
import { FaderView } from "./desk/FaderView";
import { MasterStrip } from "./desk/MasterStrip";
import { PromptArea } from "./desk/PromptArea";
import { LearnPanel } from "./learn/LearnPanel";
import { AttentionView } from "./look/AttentionView";
import { LensView } from "./look/LensView";
import { MapView } from "./look/MapView";

const insideViews = { faders: FaderView, map: MapView, lens: LensView, attention: AttentionView };
const outsideViews = { answer: AnswerPanel, learn: LearnPanel };

const insideNames: Record<InsideView, string> = {
  faders: "Faders",
  map: "All sites",
  lens: "Logit lens",
  attention: "Attention",
};
const outsideNames: Record<OutsideView, string> = { answer: "Answer", learn: "Learn" };

/** The whole page: the inside of the model on the left, what comes out of it on the right. */
export function App() {
  useEffect(listenForUndo, []);
  const Inside = insideViews[inside.value];
  const Outside = outsideViews[outside.value];
  return (
    <>
      <a class="skip" href="#desk">
        Skip to the faders
      </a>
      <TopBar />
      <NoticeBar />
      <main>
        <PromptArea />
        <section class="verdict card" aria-label="What the model says">
          <Duel />
        </section>
        <section class="inside card" id="desk" aria-label="Inside the model">
          <Tabs label="Views of the inside" names={insideNames} value={inside} panel="inside-panel" />
          <div class="panel" role="tabpanel" id="inside-panel" aria-labelledby={`tab-${inside.value}`}>
            <Inside />
          </div>
          <MasterStrip />
        </section>
        <section class="outside card" aria-label="What comes out">
          <Tabs label="What comes out" names={outsideNames} value={outside} panel="outside-panel" />
          <div class="panel" role="tabpanel" id="outside-panel" aria-labelledby={`tab-${outside.value}`}>
            <Outside />
          </div>
        </section>
      </main>
      <StatusLine />
      <DropZone />
      <Tour />
    </>
  );
}

/** Ctrl or ⌘ with Z undoes, with Shift or Y redoes; text fields keep these keys for their own text. */
function listenForUndo(): () => void {
  const listen = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || learning.value !== undefined) return;
    const target = event.target as HTMLElement;
    if (target.matches("textarea, input[type=text]")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) redoStep();
    else undoStep();
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}
