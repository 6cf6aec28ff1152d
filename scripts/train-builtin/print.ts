import { loadCheckpoint } from "fader/nn";
import { measure, toMarkdown } from "./measure";

/** Prints what the built-in model's card claims. */
console.log(toMarkdown(measure(await loadCheckpoint(process.argv[2] ?? "models/capitals"))));
