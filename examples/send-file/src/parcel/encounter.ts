// How `send` and `receive` find each other: one makes a meeting place and prints a code and an invitation, the other is
// given either. The code is good for one exchange, in which it turns into the invitation (pairing/handover.ts).
// Where they meet is kept (appointment.ts) until they are done, so that both may be started again.
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, Failure } from '../failure.ts';
import {
  chooseMeetingPlace,
  type MeetingPlace,
  type MeetingPlaceOptions,
  signalingCodeOf,
} from '../meeting-place.ts';
import { takeCode } from '../pairing/code-shape.ts';
import { type Appointment, openAppointment } from './appointment.ts';
import { takePairing } from './pairing.ts';

export interface EncounterOptions extends MeetingPlaceOptions {
  readonly 'no-code'?: boolean | undefined;
  /** Never mind where an earlier process with the same words met. */
  readonly new?: boolean | undefined;
}

export interface Encounter {
  readonly place: MeetingPlace;
  /** What both sides of the invitation know. */
  readonly secret: string;
  /** What the other side may be given; `undefined` if this side was invited. */
  readonly passOn: PassOn | undefined;
  /** The place of an earlier process. */
  readonly isAgain: boolean;
  /** They have met and are done: nobody shall come here again. */
  forget(): Promise<void>;
}

export interface PassOn {
  readonly code: string | undefined;
  readonly invitations: readonly string[];
  /** Of the signaling server that the other side has to name with the code. */
  readonly url: string | undefined;
}

export interface OpenEncounter {
  readonly signal: AbortSignal;
  /** The code has been guessed wrong: it is over. */
  onBurned(reason: unknown): void;
}

/** What an invitation says, as it goes through the exchange: the guest knows the server. */
interface Handed {
  readonly room: string;
  readonly token: string;
  readonly secret: string;
}

/** Where a signaling server is, when the command line does not say. */
const SERVER = 'MILLRACE_SERVER';
/** Milliseconds for which the place of an earlier process may be out of reach, and between two looks. */
const COMING_BACK = 30_000;
const ASK_INTERVAL = 500;

/**
 * Takes what says where to meet out of the arguments; throws a usage failure unless it is one thing. A sender that is
 * told nothing makes a meeting place, a receiver asks for a code if somebody is there to type it.
 */
export function chooseEncounter(
  values: EncounterOptions,
  positionals: string[],
  role: 'send' | 'receive',
): (options: OpenEncounter) => Promise<Encounter> {
  const code = takeCode(positionals);
  const { invite, token, secret } = takePairing(values, positionals);
  const options = { ...values, invite, token };
  const paths = (positionals.length > 0 ? positionals : ['.']).map((path) => resolve(path));
  const words = [role, ...paths, values.host ?? '', values.port ?? ''];
  if (code !== undefined) return byCode(options, words, () => Promise.resolve(code));
  const isSaid = [invite, values.url, values.serve].some((each) => each !== undefined && each !== false);
  const server = isSaid ? undefined : process.env[SERVER] || undefined;
  if (!isSaid && role === 'receive' && process.stdin.isTTY && process.stderr.isTTY)
    return byCode(options, words, askForCode);
  const isHere = !isSaid && server === undefined && role === 'send';
  const where = {
    ...options,
    ...(server !== undefined && { url: server }),
    ...(isHere && { serve: true }),
  };
  const open = chooseMeetingPlace(where);
  if (invite !== undefined || values.room !== undefined)
    return async ({ signal }) => asGuest(await open(signal), secret);
  return (opening) => openOwn(where, [...words, where.url ?? ''], secret, opening);
}

const asGuest = (place: MeetingPlace, secret: string): Encounter => ({
  place,
  secret,
  passOn: undefined,
  isAgain: false,
  forget: () => Promise.resolve(),
});

async function openOwn(
  where: EncounterOptions,
  words: readonly string[],
  drawn: string,
  opening: OpenEncounter,
): Promise<Encounter> {
  await using cleanup = new AsyncDisposableStack();
  const appointment = await openAppointment(words);
  cleanup.defer(() => appointment.release());
  const known = where.new ? undefined : appointment.known;
  const place = await chooseMeetingPlace({ ...where, again: known })(opening.signal);
  cleanup.defer(() => place.close());
  const [, port, room, token] = /:?(\d*)\/rooms\/(\w+)#(\w+)$/.exec(place.invitations[0]!)!;
  const isAgain = room === known?.room;
  const secret = isAgain ? known!.secret : drawn;
  await appointment.keep({ room: room!, token: token!, secret, ...(where.serve && { port: Number(port) }) });
  const offer = where['no-code'] ? undefined : await offerCode(place, secret, opening);
  cleanup.defer(() => offer?.close());
  const passOn = {
    code: offer?.code,
    invitations: place.invitations.map((each) => `${each}.${secret}`),
    url: where.url,
  };
  const open = cleanup.move();
  const close = (): Promise<void> => open.disposeAsync();
  return { place: { ...place, close }, secret, passOn, isAgain, forget: () => appointment.forget() };
}

function byCode(
  { invite, url, serve, host, ...rest }: EncounterOptions,
  words: readonly string[],
  readCode: (signal: AbortSignal) => Promise<string>,
): (options: OpenEncounter) => Promise<Encounter> {
  if (invite !== undefined || serve || rest.room !== undefined)
    throw new Failure('a code and another way to meet exclude each other', EXIT.usage);
  const server = url ?? (process.env[SERVER] || undefined);
  chooseMeetingPlace({ ...rest, url: server ?? 'http://localhost' }); // the rest has to be right as well
  return async ({ signal }) => {
    const typed = await readCode(signal);
    const [{ parseCode }, { redeem }, { enterByNumber }] = await Promise.all([
      import('../pairing/code.ts'),
      import('../pairing/handover.ts'),
      import('../pairing/numbered-room.ts'),
    ]);
    const code = parseCode(typed);
    await using cleanup = new AsyncDisposableStack();
    const appointment = await openAppointment([...words, server ?? '', code.text]);
    cleanup.defer(() => appointment.release());
    const enter = async (at: Appointment): Promise<Encounter> => {
      const place = await chooseMeetingPlace({ ...rest, url: at.url, room: at.room, token: at.token })(
        signal,
      );
      const open = cleanup.move();
      open.defer(() => place.close());
      const close = (): Promise<void> => open.disposeAsync();
      const encounter = asGuest({ ...place, close }, at.secret);
      return { ...encounter, isAgain: at === appointment.known, forget: () => appointment.forget() };
    };
    // A code is good for one exchange: who is started again with it goes where it led to.
    if (appointment.known && !rest.new)
      try {
        return await patiently(() => enter(appointment.known!), signal);
      } catch (error) {
        if (signalingCodeOf(error) !== 'ROOM_REFUSED') throw error;
        await appointment.forget();
      }
    const numbered = await enterByNumber(code.nameplate, { url: server, host }, signal);
    let handed: Handed;
    try {
      handed = parseHanded(await redeem(numbered.room, code, signal));
    } finally {
      await numbered.room.close();
    }
    const led = { url: numbered.url, ...handed };
    await appointment.keep(led);
    return await enter(led); // what is to be cleaned up goes with it
  };
}

/** The other side may be starting again, too. */
async function patiently<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const until = performance.now() + COMING_BACK;
  while (true)
    try {
      return await attempt();
    } catch (error) {
      if (signalingCodeOf(error) !== 'UNREACHABLE' || performance.now() > until) throw error;
      await pause(ASK_INTERVAL, undefined, { signal });
    }
}

/** Whoever says the code is handed the invitation, once. */
async function offerCode(
  place: MeetingPlace,
  secret: string,
  { onBurned }: OpenEncounter,
): Promise<{ code: string; close(): Promise<void> } | undefined> {
  const numbered = await place.makeNumberedRoom?.();
  if (numbered === undefined) return undefined;
  const [{ drawCode }, { handOver }] = await Promise.all([
    import('../pairing/code.ts'),
    import('../pairing/handover.ts'),
  ]);
  const code = drawCode(numbered.nameplate);
  const [, room, token] = /\/rooms\/(\w+)#(\w+)$/.exec(place.invitations[0]!)!;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= numbered.close();
    return closing;
  };
  handOver(numbered.room, code, JSON.stringify({ room, token, secret })).then(
    close,
    async (error: unknown) => {
      const isBurned = closing === undefined;
      await close();
      if (isBurned) onBurned(error);
    },
  );
  return { code: code.text, close };
}

async function askForCode(signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question('The code that the other side shows: ', { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    terminal.close();
  }
}

function parseHanded(text: string): Handed {
  const handed = Object(JSON.parse(text)) as Record<string, unknown>;
  const { room, token, secret } = handed;
  if (![room, token, secret].every((each) => typeof each === 'string'))
    throw new Failure('the other side has another version of this program');
  return { room, token, secret } as Handed;
}
