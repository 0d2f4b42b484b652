// Where the number of a code is, on a network without a signaling server that both know: the side that serves tells it
// by multicast DNS (RFC 6762) as a service (RFC 6763) of the number's name, with port and addresses. The network learns the
// number and that somebody pairs, not the words. IPv4 only.
import { networkInterfaces } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import makeMulticastDns, { type MulticastDNS, type ResponsePacket } from 'multicast-dns';
import { EXIT, Failure } from '../failure.ts';

/** Milliseconds after which it is asked again. */
const ASK_AT = [0, 250, 1000, 2500, 5000];
/** Milliseconds without an answer after which nobody is there. */
const GIVE_UP_AFTER = 8000;
/** Milliseconds in which others may answer, too. RFC 6762 §8.1 gives a name that is free as many. */
const SETTLING = 750;
/** Seconds. RFC 6762 §10. */
const LIFETIME = 120;
/** Machines that are kept of those that answer, and addresses of each. */
const MAX_ANSWERS = 16;

export interface Announcement {
  withdraw(): Promise<void>;
}

/** Answers for the number on every network that one of `addresses` is on; `undefined` if somebody else does so already. */
export async function announce(
  nameplate: string,
  port: number,
  addresses: readonly string[],
): Promise<Announcement | undefined> {
  if ((await ask(nameplate, addresses, SETTLING, AbortSignal.timeout(SETTLING * 2))).size > 0)
    return undefined;
  const name = nameOf(nameplate);
  const target = `${crypto.randomUUID()}.local`;
  const links = addresses.map((address) => {
    const dns = open(address);
    const respond = (ttl: number): void =>
      dns.respond({
        answers: [{ name, type: 'SRV', ttl, data: { port, target } }],
        additionals: [{ name: target, type: 'A', ttl, data: address }],
      });
    dns.on('query', ({ questions = [] }) => {
      if (questions.some((each) => each.name.toLowerCase() === name && each.type === 'SRV'))
        respond(LIFETIME);
    });
    return { dns, farewell: () => respond(0) };
  });
  return {
    withdraw: async () => {
      for (const { farewell } of links) farewell();
      await pause(20); // they are on their way first
      for (const { dns } of links) dns.destroy();
    },
  };
}

/** Where the number is served. Throws if nobody on these networks answers, or more than one does. */
export async function findServer(
  nameplate: string,
  addresses: readonly string[],
  signal: AbortSignal,
  patience: number = GIVE_UP_AFTER,
): Promise<readonly string[]> {
  const found = await ask(nameplate, addresses, patience, signal);
  signal.throwIfAborted();
  const [first, ...others] = found.values();
  if (first === undefined)
    throw new Failure(
      `nobody on this network has a code that begins with ${nameplate}: is it right? Elsewhere, say --url URL`,
      EXIT.code,
    );
  if (others.length > 0)
    throw new Failure(
      `more than one machine has a code that begins with ${nameplate}: use the invitation`,
      EXIT.code,
    );
  return [...first];
}

/** The addresses of this machine that networks know it by. */
export function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address);
}

/** Servers by the name of their machine, each with the URLs it is reached at. */
async function ask(
  nameplate: string,
  addresses: readonly string[],
  patience: number,
  signal: AbortSignal,
): Promise<Map<string, Set<string>>> {
  const name = nameOf(nameplate);
  const found = new Map<string, Set<string>>();
  const answered = Promise.withResolvers<void>();
  const stop = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  stop.addEventListener('abort', () => answered.resolve());
  const links = addresses.map(open);
  const timers = ASK_AT.map((delay) =>
    setTimeout(() => {
      for (const dns of links) dns.query([{ name, type: 'SRV' }]);
    }, delay),
  );
  for (const dns of links)
    dns.on('response', (response) => {
      collect(found, name, response);
      if (found.size > 0) answered.resolve();
    });
  if (stop.aborted) answered.resolve();
  await answered.promise;
  if (found.size > 0) await pause(SETTLING, undefined, { signal }).catch(() => {});
  for (const timer of timers) clearTimeout(timer);
  for (const dns of links) dns.destroy();
  return found;
}

function collect(
  found: Map<string, Set<string>>,
  name: string,
  { answers = [], additionals = [] }: ResponsePacket,
): void {
  for (const record of answers) {
    if (record.type !== 'SRV' || record.name.toLowerCase() !== name || record.ttl === 0) continue;
    const { target, port } = record.data;
    for (const each of [...answers, ...additionals]) {
      if (each.type !== 'A' || each.name.toLowerCase() !== target.toLowerCase()) continue;
      const urls = found.get(target) ?? new Set();
      if (found.size < MAX_ANSWERS && urls.size < MAX_ANSWERS)
        found.set(target, urls.add(`http://${each.data}:${port}`));
    }
  }
}

/** On one network. A socket for all would multicast on one of them only. */
function open(address: string): MulticastDNS {
  const dns = makeMulticastDns({ interface: address, bind: '0.0.0.0' });
  dns.on('error', () => {}); // no multicast here
  dns.on('warning', () => {}); // malformed packets of strangers on the network
  return dns;
}

const nameOf = (nameplate: string): string => `${nameplate}._millrace-code._tcp.local`;
