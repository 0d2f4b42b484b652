// Resolves the `.local` names browsers put into host candidates in place of addresses (RFC 6762, and
// draft-ietf-mmusic-mdns-ice-candidates). The multicast socket opens with the first question and closes with
// the last answer, so it never keeps a process alive.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { MulticastDNS } from 'multicast-dns';
import { now } from './alarm.ts';
import { MAX_MDNS_PACKETS, mdnsDrops, PerSecond } from './mdns-limits.ts';
import { parseAddresses } from './mdns-packet.ts';

/** A UUID and `.local`, as the draft's §3.1.1 makes names; nothing else is asked for. */
const HIDDEN_NAME = /^[0-9a-f-]{1,64}\.local\.?$/i;
const PORT = 5353;
/** RFC 6762 §5.2: questions are asked again after one second, then less and less often. */
const ASK_AT = [0, 250, 1000, 3000];
const GIVE_UP_AFTER = 6000;
/** Questions open at one time, over all connections: a peer may send as many candidates as it likes. */
const MAX_QUESTIONS = 64;
const MAX_ADDRESSES_PER_NAME = 4;

interface Question {
  readonly name: string;
  readonly answer: (addresses: readonly string[]) => void;
  timers: readonly NodeJS.Timeout[];
}

const packets = new PerSecond(MAX_MDNS_PACKETS);
const pending = new Set<Question>();
/** Loaded with the first hidden name: most processes never meet one. */
let socket: Promise<MulticastDNS> | undefined;

export function isHiddenName(address: string): boolean {
  return HIDDEN_NAME.test(address);
}

/**
 * Asks the local network for the addresses of `name`. Resolves with none if nobody answers within six seconds, if
 * `signal` says that nobody wants to know any more, if too many questions are open, or if multicast can't be used
 * here.
 */
export function resolveHiddenName(name: string, signal: AbortSignal): Promise<readonly string[]> {
  const key = name.toLowerCase().replace(/\.$/, '');
  if (!isHiddenName(key) || pending.size >= MAX_QUESTIONS || signal.aborted) return Promise.resolve([]);
  return new Promise((resolve) => {
    const giveUp = (): void => conclude(question, []);
    const answer = (addresses: readonly string[]): void => {
      signal.removeEventListener('abort', giveUp);
      resolve(addresses);
    };
    const question: Question = { name: key, answer, timers: [] };
    question.timers = [
      ...ASK_AT.map((delay) => setTimeout(ask, delay, question)),
      setTimeout(giveUp, GIVE_UP_AFTER),
    ];
    signal.addEventListener('abort', giveUp);
    pending.add(question);
  });
}

async function ask(question: Question): Promise<void> {
  try {
    socket ??= open();
    const opened = await socket;
    if (!pending.has(question)) return;
    opened.query([
      { name: question.name, type: 'A' },
      { name: question.name, type: 'AAAA' },
    ]);
  } catch {
    conclude(question, []);
  }
}

async function open(): Promise<MulticastDNS> {
  const { default: makeMulticastDns } = await import('multicast-dns');
  const opened = makeMulticastDns({ socket: ownSocket() });
  opened.on('error', () => {
    for (const question of pending) conclude(question, []);
  });
  opened.on('warning', () => {}); // of an interface that has gone
  return opened;
}

/** What comes is for us to read: the library reads all there is in a packet, which for one of 64 KiB takes 30 ms. */
function ownSocket(): Socket {
  const own = createSocket({ type: 'udp4', reuseAddr: true });
  const emit = own.emit.bind(own) as (event: string, ...values: unknown[]) => boolean;
  own.emit = (event: string, ...values: unknown[]): boolean => {
    if (event !== 'message') return emit(event, ...values);
    const [bytes, from] = values as [Uint8Array, RemoteInfo];
    if (!packets.take(now())) mdnsDrops.count('too-many-packets');
    else if (from.port === PORT) onPacket(bytes); // RFC 6762 §6: responses from another port MUST be ignored
    return true;
  };
  return own;
}

function onPacket(bytes: Uint8Array): void {
  const found = new Map<string, string[]>();
  for (const { name, address } of parseAddresses(bytes)) {
    const addresses = found.get(name) ?? [];
    if (addresses.length < MAX_ADDRESSES_PER_NAME) addresses.push(address);
    found.set(name, addresses);
  }
  for (const question of pending) {
    const addresses = found.get(question.name);
    if (addresses) conclude(question, addresses);
  }
}

function conclude(question: Question, addresses: readonly string[]): void {
  if (!pending.delete(question)) return;
  for (const timer of question.timers) clearTimeout(timer);
  question.answer(addresses);
  if (pending.size === 0) closeSocket();
}

function closeSocket(): void {
  void socket?.then(
    (opened) => opened.destroy(),
    () => {}, // it never opened
  );
  socket = undefined;
}
