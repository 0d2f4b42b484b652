// How a code becomes an invitation, in a room that is open to everybody who says the code's number:
//
//   host (has printed the code)                    guest (has typed it)
//   { step: 'hello', nonce }                  ->
//                                             <-   { step: 'share', nonce, share }
//   { step: 'share', share }                  ->   ... or { step: 'failed' } if what came is none
//                                             <-   { step: 'proof', proof }
//   { step: 'invitation', proof, sealed }     ->   ... or { step: 'refused' }
//                                             <-   { step: 'taken' }
//
// The shares are those of CPace with the code as the password, the proofs its key confirmations, and the invitation is
// sealed with a key made from its key. The guest proves first: who does not know the code learns from one exchange
// whether one guess was right, and nothing that could be tried out afterwards. A wrong proof burns the code; so do
// MAX_EXCHANGES exchanges that come to nothing. Binary values are in base64.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { SignalingEvent, SignalingRoom } from '@millrace/signaling/client';
import { EXIT, Failure } from '../failure.ts';
import type { Code } from './code.ts';
import { Cpace, type CpaceMessage, confirmationOf, isConfirmation } from './cpace.ts';

/** What is needed of a `SignalingRoom`. */
export type PairingRoom = Pick<SignalingRoom, 'send' | 'peers'> & AsyncIterable<SignalingEvent>;

/** Exchanges with one code: the one that succeeds, and those whose guests went away. */
export const MAX_EXCHANGES = 8;
/** Milliseconds that a guest waits for each answer. */
const PATIENCE = 15_000;
/** Milliseconds that a guest has to hear that its guess was wrong, before the room goes. */
const FAREWELL = 5_000;
const NONCE_BYTES = 16;
/** Characters of a value in a message. */
const MAX_VALUE = 4096;

const CHANNEL = Buffer.from('millrace code 1, from guest to host');
const [GUEST, HOST] = [Buffer.from('guest'), Buffer.from('host')];
const SEALING = 'millrace code 1, invitation';

type Message = Readonly<Record<string, unknown>>;

/** What the host remembers of a guest. */
interface Exchange {
  readonly nonce: Uint8Array;
  agreed: Agreed | 'ended' | undefined;
}

interface Agreed {
  readonly key: Uint8Array;
  readonly session: Uint8Array;
  readonly own: CpaceMessage;
  readonly theirs: CpaceMessage;
}

/** Resolves when somebody who knows the code has taken `invitation`; throws when the code is burned. */
export async function handOver(room: PairingRoom, code: Code, invitation: string): Promise<void> {
  const exchanges = new Map<string, Exchange>();
  const events = room[Symbol.asyncIterator]();
  for (const peer of room.peers) await welcome(room, exchanges, peer);
  while (true) {
    const { value: event, done } = await events.next();
    if (done) throw new Failure('the room of the code is lost: start again for another', EXIT.code);
    if (event.type === 'join' && !exchanges.has(event.peer)) await welcome(room, exchanges, event.peer);
    const exchange = exchanges.get(event.type === 'message' ? event.from : '');
    if (event.type !== 'message' || exchange === undefined || exchange.agreed === 'ended') continue;
    const message = Object(event.data) as Message;
    if (message.step === 'share' && exchange.agreed === undefined) {
      exchange.agreed = agree(code, exchange.nonce, message) ?? 'ended';
      const { agreed } = exchange;
      const answer =
        agreed === 'ended' ? { step: 'failed' } : { step: 'share', share: encode(agreed.own.share) };
      await tell(room, event.from, answer);
    } else if (message.step === 'proof' && exchange.agreed !== undefined) {
      const reply = inviting(exchange.agreed, decode(message.proof), invitation);
      await tell(room, event.from, reply ?? { step: 'refused' });
      const heard = answered(events, event.from);
      if (reply) return heard;
      const { promise: patience, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, FAREWELL).unref();
      await Promise.race([heard.catch(() => {}), patience]);
      throw new Failure('somebody gave a wrong code, which is spent now: start again for another', EXIT.code);
    }
  }
}

/** What `theirProof` has deserved; `undefined` if the guest does not know the code. */
function inviting(
  { key, session, own, theirs }: Agreed,
  theirProof: Uint8Array,
  invitation: string,
): Message | undefined {
  if (!isConfirmation(theirProof, key, session, theirs)) return undefined;
  const [proof, sealed] = [confirmationOf(key, session, own), seal(key, session, invitation)];
  return { step: 'invitation', proof: encode(proof), sealed: encode(sealed) };
}

async function welcome(room: PairingRoom, exchanges: Map<string, Exchange>, peer: string): Promise<void> {
  if (exchanges.size >= MAX_EXCHANGES)
    throw new Failure(
      'too many have asked for the code, which is spent now: start again for another',
      EXIT.code,
    );
  const nonce = randomBytes(NONCE_BYTES);
  exchanges.set(peer, { nonce, agreed: undefined });
  await tell(room, peer, { step: 'hello', nonce: encode(nonce) });
}

/** The host's part of CPace; `undefined` if what came is no share. */
function agree({ text }: Code, nonce: Uint8Array, message: Message): Agreed | undefined {
  const theirs = { share: decode(message.share), data: GUEST };
  const session = Buffer.concat([decode(message.nonce), nonce]);
  if (session.length !== 2 * NONCE_BYTES) return undefined;
  const cpace = new Cpace('responder', { password: Buffer.from(text), channel: CHANNEL, session }, HOST);
  const key = cpace.finish(theirs);
  return key && { key, session, own: cpace.message, theirs };
}

/** Whether it says so or goes: it has what it was told. */
async function answered(events: AsyncIterator<SignalingEvent>, guest: string): Promise<void> {
  while (true) {
    const { value: event, done } = await events.next();
    if (done || (event.type === 'leave' && event.peer === guest)) return;
    if (event.type === 'message' && event.from === guest) return;
  }
}

/** The invitation behind the code. Throws if the code is wrong, or whoever answers does not know it. */
export async function redeem(room: PairingRoom, code: Code, signal: AbortSignal): Promise<string> {
  const events = room[Symbol.asyncIterator]();
  const hello = await answerTo(events, signal, 'hello');
  const host = hello.from;
  const nonce = randomBytes(NONCE_BYTES);
  const session = Buffer.concat([nonce, decode(hello.message.nonce)]);
  if (session.length !== 2 * NONCE_BYTES) throw strange();
  const cpace = new Cpace(
    'initiator',
    { password: Buffer.from(code.text), channel: CHANNEL, session },
    GUEST,
  );
  await tell(room, host, { step: 'share', nonce: encode(nonce), share: encode(cpace.message.share) });
  const { message: answer } = await answerTo(events, signal, 'share', host);
  const theirs = { share: decode(answer.share), data: HOST };
  const key = cpace.finish(theirs);
  if (key === undefined) throw strange();
  await tell(room, host, { step: 'proof', proof: encode(confirmationOf(key, session, cpace.message)) });
  const { message: last } = await answerTo(events, signal, 'invitation', host);
  if (!isConfirmation(decode(last.proof), key, session, theirs)) throw strange();
  const invitation = unseal(key, session, decode(last.sealed));
  if (invitation === undefined) throw strange();
  await tell(room, host, { step: 'taken' });
  return invitation;
}

/** The next message of this step, from `host` if it is known who that is. */
async function answerTo(
  events: AsyncIterator<SignalingEvent>,
  signal: AbortSignal,
  step: string,
  host?: string,
): Promise<{ from: string; message: Message }> {
  const over = Promise.withResolvers<never>();
  const onAbort = (): void => over.reject(signal.reason);
  const timer = setTimeout(() => over.reject(nobody()), PATIENCE);
  signal.addEventListener('abort', onAbort);
  try {
    while (true) {
      signal.throwIfAborted();
      const { value: event, done } = await Promise.race([events.next(), over.promise]);
      if (done) throw nobody();
      if (host !== undefined && event.type === 'leave' && event.peer === host) throw nobody();
      if (event.type !== 'message' || (host !== undefined && event.from !== host)) continue;
      const message = Object(event.data) as Message;
      if (message.step === 'refused' && host !== undefined) throw wrong();
      if (message.step === 'failed' && host !== undefined) throw strange();
      if (message.step === step) return { from: event.from, message };
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** The key is of this exchange and seals nothing else, so the nonce may be zero. */
function seal(key: Uint8Array, session: Uint8Array, text: string): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', sealingKey(key, session), Buffer.alloc(12));
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

function unseal(key: Uint8Array, session: Uint8Array, sealed: Uint8Array): string | undefined {
  const tagAt = sealed.length - 16;
  if (tagAt < 0) return undefined;
  const cipher = createDecipheriv('aes-256-gcm', sealingKey(key, session), Buffer.alloc(12));
  cipher.setAuthTag(sealed.subarray(tagAt));
  try {
    return Buffer.concat([cipher.update(sealed.subarray(0, tagAt)), cipher.final()]).toString();
  } catch {
    return undefined;
  }
}

const sealingKey = (key: Uint8Array, session: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha512', key, session, SEALING, 32));

/** Who has left meanwhile does not hear it, and is missed in other ways. */
const tell = (room: PairingRoom, to: string, message: Message): Promise<void> =>
  room.send(message, to).catch(() => {});

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const decode = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === 'string' && value.length <= MAX_VALUE ? value : '', 'base64');

const wrong = (): Failure =>
  new Failure('the code is not right, and it is spent now: ask the other side for another', EXIT.code);
const strange = (): Failure =>
  new Failure('whoever answers does not know the code: ask the other side for another', EXIT.code);
const nobody = (): Failure =>
  new Failure('nobody answers to this code any more: ask the other side for another', EXIT.code);
