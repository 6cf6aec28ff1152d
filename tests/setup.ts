import fc from "fast-check";

/** The same random cases on every run, so that a red gate means a change; `FADER_SEED=7 npm test` draws others. */
fc.configureGlobal({ seed: Number(process.env.FADER_SEED ?? 0) });
