// A peer process as the demo sees it: forked, given its task, listened to, and gone at the end whatever happens.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Failure } from '@millrace/example-send-file/failure';
import type { Assignment, Report } from './messages.ts';

const PEER = fileURLToPath(new URL('./peer.ts', import.meta.url));
/** Milliseconds a process that is done may take to end by itself. */
const END_GRACE = 10_000;

export class PeerProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;

  /** `onReport` hears everything but failures. */
  constructor(name: string, onReport: (report: Report) => void) {
    this.#name = name;
    this.#child = fork(PEER);
    this.#child.on('message', (report: Report) => {
      if (report.type === 'ready') this.#ready.resolve();
      onReport(report);
    });
    this.#ended = this.#end();
    this.#ended.catch((error: unknown) => this.#ready.reject(error));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when the process can be given its task. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when the process has ended well; rejects with what it failed with, or how it died. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  assign(assignment: Assignment): void {
    this.#child.send(assignment);
  }

  /** Makes sure that the process is gone. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.pid === 0) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  async #end(): Promise<void> {
    const outcome = Promise.withResolvers<void>();
    this.#child.on('error', (cause) => {
      outcome.reject(new Failure(`the ${this.#name} process cannot be run: ${cause.message}`));
    });
    this.#child.on('message', (report: Report) => {
      if (report.type === 'failed')
        outcome.reject(new Failure(`${this.#name}: ${report.message}`, report.exitCode));
    });
    this.#child.on('exit', (code, signal) => {
      const conclude = (): void => {
        if (code === 0) outcome.resolve();
        else outcome.reject(new Failure(`the ${this.#name} process died (${signal ?? `exit code ${code}`})`));
      };
      if (this.#child.connected)
        this.#child.once('disconnect', conclude); // its last words are still on their way
      else conclude();
    });
    this.#child.once('disconnect', () => {
      const patience = setTimeout(() => {
        outcome.reject(new Failure(`the ${this.#name} process does not end by itself`));
      }, END_GRACE);
      this.#child.once('exit', () => clearTimeout(patience));
    });
    await outcome.promise;
  }
}
