export { type JournalEntry, type JournalHeader, journalFormat } from "./journal";
export { learnTrials } from "./learn";
export { runSweep, type SweepOptions, type SweepOutcome, type SweepProgress } from "./run";
