// Resolves the `.local` names browsers put into host candidates in place of addresses (RFC 6762, and
// draft-ietf-mmusic-mdns-ice-candidates). The multicast socket opens with the first question and closes with
// the last answer, so it never keeps a process alive.
import { isIP } from 'node:net';
import type { MulticastDNS, ResponsePacket } from 'multicast-dns';

/** A UUID and `.local`, as the draft's §3.1.1 makes names; nothing else is asked for. */
const HIDDEN_NAME = /^[0-9a-f-]{1,64}\.local\.?$/i;
/** RFC 6762 §5.2: questions are asked again after one second, then less and less often. */
const ASK_AT = [0, 250, 1000, 3000];
const GIVE_UP_AFTER = 6000;
/** Names asked for at one time, over all connections: a peer may send as many candidates as it likes. */
const MAX_PENDING_NAMES = 64;
const MAX_ADDRESSES_PER_NAME = 4;

interface Question {
  readonly answer: (addresses: readonly string[]) => void;
  readonly timers: NodeJS.Timeout[];
}

const pending = new Map<string, Question[]>();
/** Loaded with the first hidden name: most processes never meet one. */
let socket: Promise<MulticastDNS> | undefined;

export function isHiddenName(address: string): boolean {
  return HIDDEN_NAME.test(address);
}

/**
 * Asks the local network for the addresses of `name`. Resolves with none if nobody answers within six seconds,
 * if too many names are being asked for, or if multicast can't be used here.
 */
export function resolveHiddenName(name: string): Promise<readonly string[]> {
  const key = name.toLowerCase().replace(/\.$/, '');
  const asked = pending.get(key);
  if (!isHiddenName(key) || (asked === undefined && pending.size >= MAX_PENDING_NAMES))
    return Promise.resolve([]);
  return new Promise((answer) => {
    const question: Question = { answer, timers: ASK_AT.map((delay) => setTimeout(ask, delay, key)) };
    question.timers.push(setTimeout(giveUp, GIVE_UP_AFTER, key, question));
    pending.set(key, [...(asked ?? []), question]);
  });
}

async function ask(name: string): Promise<void> {
  if (!pending.has(name)) return;
  socket ??= open();
  const opened = await socket;
  if (!pending.has(name)) return;
  opened.query([
    { name, type: 'A' },
    { name, type: 'AAAA' },
  ]);
}

async function open(): Promise<MulticastDNS> {
  const { default: makeMulticastDns } = await import('multicast-dns');
  const opened = makeMulticastDns();
  opened.on('response', onResponse);
  opened.on('error', () => {
    for (const name of [...pending.keys()]) settle(name, []);
  });
  opened.on('warning', () => {}); // malformed packets of strangers on the network
  return opened;
}

function onResponse({ answers, additionals }: ResponsePacket): void {
  const found = new Map<string, string[]>();
  for (const record of [...(answers ?? []), ...(additionals ?? [])]) {
    if ((record.type !== 'A' && record.type !== 'AAAA') || isIP(record.data) === 0) continue;
    const name = record.name.toLowerCase();
    const addresses = found.get(name) ?? [];
    if (addresses.length < MAX_ADDRESSES_PER_NAME) addresses.push(record.data);
    found.set(name, addresses);
  }
  for (const [name, addresses] of found) settle(name, addresses);
}

function settle(name: string, addresses: readonly string[]): void {
  for (const question of pending.get(name) ?? []) conclude(name, question, addresses);
}

function giveUp(name: string, question: Question): void {
  conclude(name, question, []);
}

function conclude(name: string, question: Question, addresses: readonly string[]): void {
  for (const timer of question.timers) clearTimeout(timer);
  const others = pending.get(name)?.filter((other) => other !== question) ?? [];
  if (others.length > 0) pending.set(name, others);
  else pending.delete(name);
  question.answer(addresses);
  if (pending.size === 0) closeSocket();
}

function closeSocket(): void {
  void socket?.then((opened) => opened.destroy());
  socket = undefined;
}
