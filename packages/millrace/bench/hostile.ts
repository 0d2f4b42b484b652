// What a hostile datagram costs whoever gets it, in nanoseconds, without the kernel's part: STUN to an agent that checks,
// answers to a TURN client, multicast DNS. Each kind is given in rounds that take turns; what it brings about (answers, checks of
// our own) is part of it. What a stranger costs a server on one port is in single-port.ts. Prints one JSON line.
//
//   node --conditions=@millrace/source packages/millrace/bench/hostile.ts
import { IceAgent, type IceRole } from '@millrace/ice';
import {
  ICE_CONTROLLED,
  ICE_CONTROLLING,
  METHOD_BINDING,
  MessageWriter,
  PRIORITY,
  parseMessage,
  shortTermKey,
  USERNAME,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { TurnClient } from '@millrace/turn';
import { MAX_MDNS_PACKETS, PerSecond } from '../src/transport/mdns-limits.ts';
import { parseAddresses, parseQuestions } from '../src/transport/mdns-packet.ts';
import { random } from '../src/transport/random.ts';

const ROUNDS = 15;
const ROUND_MILLIS = 60;
const BATCH = 200;
const PEER = { usernameFragment: 'peer', password: 'thePasswordOfThePeer0000' };
const WRONG = 'notThePasswordAtAll00000';
const ROUTE = { socket: 0, remote: { address: '198.51.100.1', port: 9 } };
const out = new Uint8Array(2_000);

interface Check {
  readonly to: IceAgent;
  readonly fragment?: string;
  readonly password?: string;
  readonly role?: IceRole;
  readonly tieBreaker?: bigint;
  readonly id?: number;
}

function check({ to, fragment, password, role = 'controlled', tieBreaker = 0n, id = 1 }: Check): Uint8Array {
  const { localParameters } = to;
  const writer = new MessageWriter()
    .begin(out, 0, out.length, 'request', METHOD_BINDING, new Uint8Array(12).fill(id))
    .add(USERNAME, `${fragment ?? localParameters.usernameFragment}:${PEER.usernameFragment}`)
    .add(PRIORITY, 1)
    .add(role === 'controlling' ? ICE_CONTROLLING : ICE_CONTROLLED, tieBreaker)
    .addIntegrity(shortTermKey(password ?? localParameters.password), nodeStunCrypto)
    .addFingerprint();
  return out.slice(0, writer.finish());
}

function agent(): IceAgent {
  const made = new IceAgent({ role: 'controlling', crypto: nodeStunCrypto, random });
  made.addLocalCandidate({ socket: 0, address: '192.0.2.1', port: 9_000 }, 0);
  made.setRemoteParameters(PEER, 0);
  const at = { ...ROUTE.remote, type: 'host', transport: 'udp' } as const;
  made.addRemoteCandidate({ ...at, foundation: '1', component: 1, priority: 1 }, 0);
  return made;
}

/** To one agent, with everything that it says to it. */
function toAgent(make: (to: IceAgent) => Uint8Array): () => void {
  const to = agent();
  const bytes = make(to);
  return () => {
    to.receive(bytes, 0, bytes.length, 1, ROUTE);
    while (to.transmit(out, 0, out.length, 1) > 0);
  };
}

/** An answer to a check that waits for one, signed with another password. */
function forgedAnswer(to: IceAgent): Uint8Array {
  const length = to.transmit(out, 0, out.length, 0);
  const { transactionId } = parseMessage(out.slice(0, length), 0, length)!;
  const writer = new MessageWriter()
    .begin(out, 0, out.length, 'success', METHOD_BINDING, transactionId)
    .add(XOR_MAPPED_ADDRESS, ROUTE.remote)
    .addIntegrity(shortTermKey(WRONG), nodeStunCrypto)
    .addFingerprint();
  return out.slice(0, writer.finish());
}

function broken(bytes: Uint8Array): Uint8Array {
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
}

/** A TURN client that has asked for an allocation, and something said to it. */
function toTurn(bytes: (request: Uint8Array) => Uint8Array): () => void {
  const client = new TurnClient({ username: 'anna', password: 'secret', crypto: nodeStunCrypto, random });
  client.start();
  const length = client.transmit(out, 0, out.length, 0);
  const said = bytes(out.slice(0, length));
  return () => client.receive(said, 0, said.length, 1);
}

function turnMessage(kind: 'success' | 'indication', method: number, id: Uint8Array): Uint8Array {
  const writer = new MessageWriter().begin(out, 0, out.length, kind, method, id);
  writer.add(XOR_MAPPED_ADDRESS, ROUTE.remote);
  writer.addIntegrity(shortTermKey(WRONG), nodeStunCrypto).addFingerprint();
  return out.slice(0, writer.finish());
}

const NAME = [...Array.from({ length: 126 }, () => [1, 0x61]).flat(), 0]; // the longest there is
const POINTER = [0xc0, 12];

/** As many questions or records as there is room for, all of the longest name. */
function multicast(isResponse: boolean, bytes: number): Uint8Array {
  const tail = isResponse ? [0, 1, 0, 1, 0, 0, 0, 120, 0, 4, 192, 0, 2, 1] : [0, 1, 0, 1];
  const packet = [0, 0, isResponse ? 0x84 : 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...NAME, ...tail];
  while (packet.length + POINTER.length + tail.length <= bytes) packet.push(...POINTER, ...tail);
  packet[isResponse ? 6 : 4] = packet[isResponse ? 7 : 5] = 0xff;
  return Uint8Array.from(packet);
}

const longest = multicast(true, 65_000);
const asked = multicast(false, 65_000);
const second = new PerSecond(MAX_MDNS_PACKETS);
for (let i = 0; i < MAX_MDNS_PACKETS; i++) second.take(0);

const kinds: Record<string, () => void> = {
  'STUN: guessed fragment': toAgent((to) => check({ to, fragment: 'guess000' })),
  'STUN: wrong fingerprint': toAgent((to) => broken(check({ to }))),
  'STUN: wrong integrity': toAgent((to) => check({ to, password: WRONG })),
  'STUN: forged answer': toAgent(forgedAnswer),
  'STUN: role conflict by a stranger': toAgent((to) => check({ to, password: WRONG, role: 'controlling' })),
  'STUN: role conflict by the peer, answered with 487': toAgent((to) => check({ to, role: 'controlling' })),
  'TURN: an answer with another signature': toTurn((request) =>
    turnMessage('success', 0x003, request.slice(8, 20)),
  ),
  'TURN: an answer to nothing': toTurn(() => turnMessage('success', 0x003, new Uint8Array(12))),
  'TURN: data from a peer that was never permitted': toTurn(() =>
    turnMessage('indication', 0x007, new Uint8Array(12)),
  ),
  'TURN: data of a channel that is none': toTurn(() => Uint8Array.from([0x40, 0, 0, 4, 1, 2, 3, 4])),
  'mDNS: 64 KiB of addresses with the longest names': () => void parseAddresses(longest),
  'mDNS: 64 KiB of questions with the longest names': () => void parseQuestions(asked),
  'mDNS: beyond what is read in a second': () => void second.take(1),
};

const times = new Map<string, number[]>(Object.keys(kinds).map((kind) => [kind, []]));
for (let round = 0; round < ROUNDS; round++)
  for (const [kind, give] of Object.entries(kinds)) {
    const start = performance.now();
    let given = 0;
    let taken = 0;
    do {
      for (let i = 0; i < BATCH; i++) give();
      given += BATCH;
      taken = performance.now() - start;
    } while (taken < ROUND_MILLIS);
    times.get(kind)!.push((taken * 1e6) / given);
  }
// The least of all rounds: whatever else runs on the machine only adds to it.
const least = [...times].map(([kind, each]) => [kind, Math.round(Math.min(...each))]);
console.log(JSON.stringify(Object.fromEntries(least), null, 1));
