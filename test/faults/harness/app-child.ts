import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AppPlan, KeyAnswer, KeyRequest, Ready } from './app-plan.js';

/** An app that does not start by then, with Redis whole, has failed. */
const START_TIMEOUT_MS = 20_000;

/** A process of the app, which can be killed and started again. */
export class AppChild {
  readonly #plan: AppPlan;
  #child: ChildProcess | null = null;
  #port = 0;

  constructor(plan: AppPlan) {
    this.#plan = plan;
  }

  /** Of the process that runs, or of the last one that ran: the same after another start. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves once it listens. */
  async start(): Promise<void> {
    const plan = { ...this.#plan, port: this.#port };
    const child = fork(fileURLToPath(new URL('./app.js', import.meta.url)), [JSON.stringify(plan)]);
    this.#child = child;
    const ready = (await this.#answerOf(child)) as Ready;
    this.#port = ready.port;
  }

  /** SIGKILL: nothing is flushed, nobody is told. Resolves once it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || !this.isRunning) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** A key with all rights, made by the host; its token and its id. */
  async makeKey(ownerId: string): Promise<{ readonly token: string; readonly id: string }> {
    const child = this.#child as ChildProcess;
    const request: KeyRequest = { ownerId };
    child.send(request);
    const { token, id, error } = (await this.#answerOf(child)) as KeyAnswer;
    if (token === undefined || id === undefined) throw new Error(`the app makes no key: ${error}`);
    return { token, id };
  }

  async #answerOf(child: ChildProcess): Promise<unknown> {
    const signal = AbortSignal.timeout(START_TIMEOUT_MS);
    const ended = new AbortController();
    try {
      const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
        throw new Error(`the app ended (${code}) before it answered`);
      });
      const [answer] = (await Promise.race([once(child, 'message', { signal }), exit])) as [unknown];
      return answer;
    } finally {
      ended.abort();
    }
  }
}
