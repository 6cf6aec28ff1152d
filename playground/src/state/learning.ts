import { batch, computed, signal } from "@preact/signals";
import type { Kind } from "fader";
import { emptyDesk } from "../desk/desk";
import type { ListError } from "../desk/own-list";
import { defaults, requestOf, type Settings } from "../desk/request";
import { fadersAt } from "../desk/strip";
import type { EngineError, Learned, LearnProgress, LearnRequest, ModelInfo, TaskWords } from "../protocol";
import { comparisonWith, stripsWhile } from "../view/learned";
import { engine } from "./compute";
import { latest } from "./latest";
import { changeDesk, desk, history, learning, model, result, showFaders, site, status, tokens } from "./store";

/** The results of learning on one model, the newest last, and the handle of the one that was put on the desk. */
interface Lessons {
  readonly model: ModelInfo;
  readonly all: readonly Lesson[];
  readonly shown: string;
}

export interface Lesson {
  readonly learned: Learned;
  readonly request: LearnRequest;
  readonly losses: readonly LearnProgress[];
}

export const settings = signal<Settings>(defaults);
export const areSettingsOpen = signal(true);
/** Errors of the form, from the first attempt to learn with it on. */
export const formErrors = signal<readonly ListError[]>([]);
/** The engine's refusal of the last request. */
export const refused = signal<EngineError | undefined>(undefined);
/** The losses so far, while it learns. */
export const losses = signal<readonly LearnProgress[]>([]);
/** True from `cancel` until learning has ended. */
export const isStopping = signal(false);

const lessons = signal<Lessons | undefined>(undefined);
/** Interventions belong to the model that was open: another one has learned nothing yet. */
const current = computed(() => (lessons.value?.model === model.value ? lessons.value : undefined));

/** The result that was put on the desk last. */
export const lesson = computed(() => current.value?.all.find(({ learned }) => learned.handle === current.value!.shown));
export const comparison = computed(() => {
  return current.value === undefined
    ? []
    : comparisonWith(
        current.value.shown,
        current.value.all.map(({ learned }) => learned),
      );
});

/** The strips or the handle that the desk had when the lesson was put on it. */
const put = signal<unknown>(undefined);
const onDesk = computed(() => desk.value.carried?.handle ?? desk.value.strips);
/** True while the desk holds that result, at whatever β and on whatever prompt. */
export const isOnDesk = computed(() => lesson.value !== undefined && onDesk.value === put.value);

export function change(more: Partial<Settings>): void {
  settings.value = { ...settings.value, ...more };
  if (formErrors.value.length > 0) check();
}

/** Reads the form; what is wrong with it is shown. */
function check(): LearnRequest | undefined {
  const request = requestOf(settings.value, model.value?.sites ?? []);
  formErrors.value = Array.isArray(request) ? request : [];
  return Array.isArray(request) ? undefined : request;
}

/** Learns with what the form says. Once it is done, the desk holds it; when it is cancelled, the desk is as before. */
export async function learn(): Promise<void> {
  const opened = model.value;
  const request = check();
  if (opened === undefined || learning.value !== undefined) return;
  if (request === undefined) {
    areSettingsOpen.value = true;
    return;
  }
  const restore = remember();
  batch(() => {
    learning.value = {};
    losses.value = [];
    refused.value = undefined;
    isStopping.value = false;
    areSettingsOpen.value = false;
    if (!request.sites.includes(site.value)) site.value = request.sites[0]!;
  });
  let learned: Learned | undefined;
  try {
    await preview(request);
    // Cancelled before it began.
    if (!isStopping.value) learned = await engine.learn(request, follow(request));
  } catch (error) {
    refused.value = error as EngineError;
    areSettingsOpen.value = true;
  }
  batch(() => {
    restore();
    learning.value = undefined;
    isStopping.value = false;
    if (learned === undefined || model.value !== opened) return;
    lessons.value = {
      model: opened,
      all: [...(current.value?.all ?? []), { learned, request, losses: losses.value }],
      shown: learned.handle,
    };
    show(learned.handle);
  });
}

export function cancel(): void {
  if (learning.value === undefined) return;
  isStopping.value = true;
  void engine.cancelLearning().catch(() => {});
}

/** Puts what was learned on the desk, with a prompt to see it on, as one step. */
export function show(handle: string): void {
  const found = current.value?.all.find(({ learned }) => learned.handle === handle);
  if (found === undefined) return;
  const { learned, request } = found;
  const { prompt, correct, wrong } = learned.example;
  const more = { prompt, answers: { correct, wrong } };
  lessons.value = { ...current.value!, shown: handle };
  if (learned.faders.length > 0 || learned.method === "scalars") showFaders(learned.faders, more);
  else {
    const { method, places } = learned;
    showFaders([], { ...more, carried: { handle, method, places, description: describe(method, request) } });
  }
  put.value = onDesk.value;
}

/** The tasks of the form: those that the engine knows, and a list of one's own. */
export const tasks = computed((): readonly TaskWords[] => [
  ...(status.value?.tasks ?? []),
  { name: "own", title: "A list of your own", question: "Prompts with two answers each." },
]);

/** What the form calls a task. */
export function titleOf(name: TaskWords["name"]): string {
  return tasks.value.find((task) => task.name === name)?.title ?? name;
}

function describe(method: Kind, { task, sites }: LearnRequest): string {
  return `${method} learned on ${titleOf(task.kind).toLowerCase()} at ${sites.join(" and ")}`;
}

/** Which of its held-out prompts the desk shows, if it shows one. */
export const exampleIndex = computed(() => {
  return lesson.value?.learned.examples.findIndex(({ prompt }) => prompt === desk.value.prompt) ?? -1;
});

/** Another held-out prompt, with its answers; what is turned stays. */
export function showExample(by: 1 | -1): void {
  const examples = lesson.value?.learned.examples ?? [];
  if (examples.length === 0) return;
  const from = exampleIndex.value < 0 && by < 0 ? 0 : exampleIndex.value;
  const { prompt, correct, wrong } = examples[(from + by + examples.length) % examples.length]!;
  changeDesk({ prompt, answers: { correct, wrong } }, "example");
}

/** Stores what the page shows now, and returns the function that restores it. */
function remember(): () => void {
  const before = [history.value, tokens.value, result.value, site.value] as const;
  return () => {
    [history.value, tokens.value, result.value, site.value] = before;
  };
}

/** Shows a prompt of the task while it is learned: its tokens are what the moving faders stand at. */
async function preview({ task }: LearnRequest): Promise<void> {
  const [first] = await engine.examples(task);
  if (first === undefined) return;
  const { prompt, correct, wrong } = first;
  const answers = { correct, wrong };
  const read = await engine.tokens(prompt);
  const clean = await engine.steer({ prompt, answers, edit: { faders: [], beta: 1 } });
  batch(() => {
    // Not a step that can be undone: all of it is put back in the end.
    history.value = { ...history.value, present: { ...emptyDesk, prompt, answers } };
    tokens.value = read;
    result.value = clean;
  });
}

/** Milliseconds between answers while learning: each takes time from it. */
const watchMs = 400;

/** Shows how far it is: losses, faders, and for those the answer that they make by now. */
function follow({ method }: LearnRequest): (progress: LearnProgress) => void {
  let watched = performance.now();
  const watch = latest(async () => {
    const { prompt, answers } = desk.value;
    const faders = fadersAt(losses.value.at(-1)!.places);
    const answer = await engine.steer({ prompt, answers, edit: { faders, beta: 1 } }).catch(() => undefined);
    if (answer !== undefined && learning.value !== undefined) result.value = answer;
  });
  return (progress) => {
    if (learning.value === undefined) return;
    batch(() => {
      losses.value = [...losses.value, progress];
      learning.value = stripsWhile(method, progress.places, tokens.value.length);
    });
    if (method !== "scalars" || performance.now() - watched < watchMs) return;
    watched = performance.now();
    void watch();
  };
}
