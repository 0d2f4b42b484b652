// A peer whose every message is written by hand, for what a well-behaved agent would never send.
import type { IceAgent, IceParameters, IceSink, Route } from '@millrace/ice';
import {
  type Attribute,
  ERROR_CODE,
  ICE_CONTROLLED,
  ICE_CONTROLLING,
  METHOD_BINDING,
  MessageWriter,
  PRIORITY,
  parseMessage,
  type StunMessage,
  shortTermKey,
  type TransportAddress,
  USE_CANDIDATE,
  USERNAME,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';

export const PUPPET: IceParameters = { usernameFragment: 'pupp', password: 'puppetpuppetpuppetpuppet' };
export const PUPPET_AT: TransportAddress = { address: '198.51.100.9', port: 9000 };

export interface RequestOptions {
  readonly username?: string | undefined;
  readonly password?: string;
  readonly role?: 'controlling' | 'controlled' | 'none';
  readonly tieBreaker?: bigint;
  readonly useCandidate?: boolean;
  readonly priority?: number | undefined;
  readonly more?: ReadonlyArray<readonly [Attribute<number>, number]>;
  /** Attributes behind the integrity. */
  readonly behind?: ReadonlyArray<readonly [Attribute<number>, number]>;
  readonly sha256?: boolean;
  readonly fingerprint?: boolean;
  readonly id?: number;
}

export interface AnswerOptions {
  readonly error?: number;
  readonly mapped?: TransportAddress | undefined;
  readonly password?: string;
  readonly signed?: boolean;
  readonly more?: ReadonlyArray<readonly [Attribute<number>, number]>;
}

export interface Sent {
  readonly route: Route;
  readonly message: StunMessage;
}

/** Everything that `agent` wants to send now. */
export function sentBy(agent: IceAgent, now: number): Sent[] {
  const sent: Sent[] = [];
  const slot = new Uint8Array(1500);
  for (
    let length = agent.transmit(slot, 0, 1500, now);
    length > 0;
    length = agent.transmit(slot, 0, 1500, now)
  ) {
    const bytes = slot.slice(0, length);
    sent.push({ route: agent.route, message: parseMessage(bytes, 0, length)! });
  }
  return sent;
}

let nextId = 1;

/** A check of the puppet's, good unless `options` say otherwise. */
export function request(agent: IceAgent, options: RequestOptions = {}): Uint8Array {
  const { usernameFragment, password } = agent.localParameters;
  const { role = 'controlling', tieBreaker = 1n, id = nextId++ } = options;
  const transactionId = new Uint8Array(12);
  for (let i = 0; i < 4; i++) transactionId[i] = id >> (i * 8);
  const out = new Uint8Array(2400);
  const writer = new MessageWriter().begin(out, 0, out.length, 'request', METHOD_BINDING, transactionId);
  const username =
    'username' in options ? options.username : `${usernameFragment}:${PUPPET.usernameFragment}`;
  if (username !== undefined) writer.add(USERNAME, username);
  const priority = 'priority' in options ? options.priority : 0x6e00_01ff;
  if (priority !== undefined) writer.add(PRIORITY, priority);
  if (role === 'controlling') writer.add(ICE_CONTROLLING, tieBreaker);
  if (role === 'controlled') writer.add(ICE_CONTROLLED, tieBreaker);
  if (options.useCandidate) writer.add(USE_CANDIDATE, true);
  for (const [attribute, value] of options.more ?? []) writer.add(attribute, value);
  const key = shortTermKey(options.password ?? password);
  if (options.sha256) writer.addIntegritySha256(key, nodeStunCrypto);
  else if (options.password !== '') writer.addIntegrity(key, nodeStunCrypto);
  for (const [attribute, value] of options.behind ?? []) writer.add(attribute, value);
  if (options.fingerprint !== false) writer.addFingerprint();
  return out.slice(0, writer.finish());
}

/** The puppet's answer to a check that came to it. */
export function answer(to: StunMessage, options: AnswerOptions = {}): Uint8Array {
  const { error = 0, password = PUPPET.password, signed = true } = options;
  const out = new Uint8Array(1200);
  const messageClass = error === 0 ? 'success' : 'error';
  const writer = new MessageWriter().begin(
    out,
    0,
    out.length,
    messageClass,
    METHOD_BINDING,
    to.transactionId,
  );
  if (error !== 0) writer.add(ERROR_CODE, { code: error, reason: '' });
  else if (options.mapped !== undefined) writer.add(XOR_MAPPED_ADDRESS, options.mapped);
  for (const [attribute, value] of options.more ?? []) writer.add(attribute, value);
  if (signed) writer.addIntegrity(shortTermKey(password), nodeStunCrypto);
  return out.slice(0, writer.addFingerprint().finish());
}

export function give(
  agent: IceAgent,
  bytes: Uint8Array,
  now: number,
  from: TransportAddress = PUPPET_AT,
): void {
  agent.receive(bytes, 0, bytes.length, now, { socket: 0, remote: from });
}

/** A sink that keeps what it is told as words. */
export function notes(): IceSink & { readonly said: string[] } {
  const said: string[] = [];
  return {
    said,
    onStateChange: (state) => said.push(state),
    onRoleChange: (role) => said.push(role),
    onSelectedPair: (pair) => said.push(pair === undefined ? 'none' : `selected ${pair.remote.address}`),
  };
}
