import { loadModel } from "fader";
import { measure, toMarkdown } from "./measure";

/** Prints what the built-in model's card claims. */
console.log(toMarkdown(measure(await loadModel(process.argv[2] ?? "models/capitals"))));
