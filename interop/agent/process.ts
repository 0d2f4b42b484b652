// Entry for implementations that run in Node: a child process calls `serve` and is commanded over its IPC channel.

import { Agent, type AgentOptions } from './agent.ts';
import { type Command, reply } from './commands.ts';

export interface Request {
  readonly number: number;
  readonly command: Command;
  readonly args: unknown[];
}

export function serve(options: AgentOptions): void {
  const agent = new Agent(options);
  process.on('message', (message) => {
    const { number, command, args } = message as Request;
    reply(agent, command, args).then((answer) => process.send?.({ number, ...answer }));
  });
  // The harness is gone, however it went: so are we.
  process.on('disconnect', () => process.exit(0));
  process.send?.({ ready: true });
}
