// How commands reach an agent: a method's name and JSON arguments in, JSON out. Errors travel as values.

import type { Agent } from './agent.ts';

export type Command = Exclude<keyof Agent, symbol>;
export type Arguments<C extends Command> = Parameters<Agent[C]>;
export type Result<C extends Command> = Awaited<ReturnType<Agent[C]>>;

export type Reply = { readonly result: unknown } | { readonly error: { name: string; message: string } };

export async function reply(agent: Agent, command: Command, args: readonly unknown[]): Promise<Reply> {
  try {
    const method = agent[command] as (...args: readonly unknown[]) => unknown;
    return { result: (await method.apply(agent, args as unknown[])) ?? null };
  } catch (error) {
    const { name, message } = error as { name?: string; message?: string };
    return { error: { name: name ?? 'Error', message: message ?? String(error) } };
  }
}
