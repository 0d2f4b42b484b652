// Entry in a browser's page: `command(name, json)` on the window is what the harness evaluates.

import { Agent } from './agent.ts';
import { type Command, reply } from './commands.ts';
import type { PeerConnectionClass } from './w3c.ts';

interface Page {
  RTCPeerConnection: PeerConnectionClass;
  command(name: Command, args: unknown[]): Promise<string>;
}

const page = globalThis as unknown as Page;
const agent = new Agent({ RTCPeerConnection: page.RTCPeerConnection });
page.command = async (name, args) => JSON.stringify(await reply(agent, name, args));
