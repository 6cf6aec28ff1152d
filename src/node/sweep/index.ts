export { type JournalEntry, type JournalHeader, journalFormat } from "./journal";
export { runSweep, type SweepOptions, type SweepOutcome, type SweepProgress } from "./run";
