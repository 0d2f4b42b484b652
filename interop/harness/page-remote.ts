// An agent in a browser's page, whichever library drives the browser: all it needs is a way to evaluate an
// expression that yields a promise.

import type { Reply } from '../agent/commands.ts';
import type { Remote } from './implementation.ts';

export interface Page {
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

export class PageRemote implements Remote {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async call(command: string, ...args: unknown[]): Promise<never> {
    const expression = `command(${JSON.stringify(command)}, ${JSON.stringify(args)})`;
    const answer = JSON.parse((await this.#page.evaluate(expression)) as string) as Reply;
    if ('result' in answer) return answer.result as never;
    const error = new Error(answer.error.message);
    error.name = answer.error.name;
    throw error;
  }

  close(): Promise<void> {
    return this.#page.close();
  }
}
