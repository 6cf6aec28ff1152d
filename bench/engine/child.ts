import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Answer, parseAnswer, type Request } from "./protocol";

export interface Command {
  file: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
}

/** Thrown when a process does not answer in time. */
export class TooSlow extends Error {}

/** An engine's process. It computes while it is asked something and sleeps otherwise. */
export class Child {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly answers: Answer[] = [];
  private waiting: ((answer: Answer) => void) | undefined;
  private noise = "";
  private ended: Answer | undefined;

  constructor(command: Command) {
    this.process = spawn(command.file, command.args, { env: { ...process.env, ...command.env } });
    createInterface({ input: this.process.stdout }).on("line", (line) => {
      const answer = parseAnswer(line);
      if (answer) this.deliver(answer);
    });
    // Kept for the message when the process ends; libraries warn a lot.
    this.process.stderr.on("data", (text) => {
      this.noise = (this.noise + text).slice(-2000);
    });
    // A process that ended is reported by its exit, not by a failed write.
    this.process.stdin.on("error", () => {});
    this.process.on("error", (error) => this.deliver({ kind: "error", message: error.message }));
    this.process.on("exit", (code, signal) => {
      this.ended = { kind: "error", message: `the process ended (${signal ?? code}) ${this.noise.trim()}` };
      this.deliver(this.ended);
    });
  }

  /** Waits for the process to have loaded its data. */
  ready(seconds: number): Promise<Answer> {
    return this.next(seconds);
  }

  /** Throws `TooSlow`, after which the process is gone. */
  ask(request: Request, seconds: number): Promise<Answer> {
    this.process.stdin.write(`${JSON.stringify(request)}\n`);
    return this.next(seconds);
  }

  stop(): void {
    this.process.kill("SIGKILL");
  }

  private deliver(answer: Answer): void {
    if (this.waiting) this.waiting(answer);
    else this.answers.push(answer);
    this.waiting = undefined;
  }

  private next(seconds: number): Promise<Answer> {
    const known = this.answers.shift() ?? this.ended;
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting = undefined;
        this.stop();
        reject(new TooSlow(`more than ${Math.round(seconds)} s`));
      }, seconds * 1000);
      this.waiting = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
    });
  }
}
