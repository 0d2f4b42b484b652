// How `send` and `receive` find each other: one makes a meeting place and prints a code and an invitation, the other is
// given either. The code is good for one exchange, in which it turns into the invitation (pairing/handover.ts).
import { createInterface } from 'node:readline/promises';
import { EXIT, Failure } from '../failure.ts';
import { chooseMeetingPlace, type MeetingPlace, type MeetingPlaceOptions } from '../meeting-place.ts';
import { takeCode } from '../pairing/code-shape.ts';
import { takePairing } from './pairing.ts';

export interface EncounterOptions extends MeetingPlaceOptions {
  readonly 'no-code'?: boolean | undefined;
}

export interface Encounter {
  readonly place: MeetingPlace;
  /** What both sides of the invitation know. */
  readonly secret: string;
  /** What the other side may be given; `undefined` if this side was invited. */
  readonly passOn: PassOn | undefined;
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
  if (code !== undefined) return byCode(options, () => Promise.resolve(code));
  const isSaid = [invite, values.url, values.serve].some((each) => each !== undefined && each !== false);
  const server = isSaid ? undefined : process.env[SERVER] || undefined;
  if (!isSaid && role === 'receive' && process.stdin.isTTY && process.stderr.isTTY)
    return byCode(options, askForCode);
  const isHere = !isSaid && server === undefined && role === 'send';
  const open = chooseMeetingPlace({
    ...options,
    ...(server !== undefined && { url: server }),
    ...(isHere && { serve: true }),
  });
  return async (opening) => {
    const place = await open(opening.signal);
    if (place.invitations.length === 0) return { place, secret, passOn: undefined };
    try {
      const offer = values['no-code'] ? undefined : await offerCode(place, secret, opening);
      const passOn = {
        code: offer?.code,
        invitations: place.invitations.map((each) => `${each}.${secret}`),
        url: values.url ?? server,
      };
      const close = async (): Promise<void> => {
        await offer?.close();
        await place.close();
      };
      return { place: { ...place, close }, secret, passOn };
    } catch (error) {
      await place.close();
      throw error;
    }
  };
}

function byCode(
  { invite, url, serve, host, ...rest }: EncounterOptions,
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
    const numbered = await enterByNumber(code.nameplate, { url: server, host }, signal);
    let handed: Handed;
    try {
      handed = parseHanded(await redeem(numbered.room, code, signal));
    } finally {
      await numbered.room.close();
    }
    const { room, token, secret } = handed;
    const place = await chooseMeetingPlace({ ...rest, url: numbered.url, room, token })(signal);
    return { place, secret, passOn: undefined };
  };
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
