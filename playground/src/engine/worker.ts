import { createEngine } from "./engine";
import { offerEngine } from "./rpc";

/** Known to some browsers only. */
const { deviceMemory } = navigator as { deviceMemory?: number };
const estimate = navigator.storage && (() => navigator.storage.estimate());

offerEngine(createEngine({ deviceMemory, estimate, caches: globalThis.caches }));
