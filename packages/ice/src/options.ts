// Every tunable of the agent, with its default, unit and section.
import type { RandomSource } from '@millrace/sans-io';
import type { StunCrypto } from '@millrace/stun';
import { IceError } from './errors.ts';
import type { Piggyback } from './piggyback.ts';

export type IceRole = 'controlling' | 'controlled';

/** What each side tells the other in its description (RFC 8839 §5.4). */
export interface IceParameters {
  readonly usernameFragment: string;
  readonly password: string;
}

export interface RemoteIceParameters extends IceParameters {
  /** Whether the peer is an ICE-lite agent (RFC 8445 §2.5): it answers checks and sends none. Default false. */
  readonly lite?: boolean | undefined;
  /** Whether the peer's description has the ice-option `renomination`. Default false. */
  readonly renomination?: boolean | undefined;
}

/** `aggressive`: USE-CANDIDATE on every check, as browsers do. `regular`: on the pair chosen after checks succeed. */
export type Nomination = 'aggressive' | 'regular';

export interface IceTunables {
  /** How to nominate when controlling. A lite peer is always nominated regularly. */
  readonly nomination: Nomination;
  /** Ta: milliseconds between two ordinary checks. RFC 8445 §14.2 */
  readonly checkInterval: number;
  /** First retransmission timeout of a check, in milliseconds. RFC 8445 §14.3, and a deviation: see checks.ts */
  readonly checkRtoInitial: number;
  /** Longest interval between two transmissions of a check, in milliseconds. */
  readonly checkRtoMax: number;
  /** Rc: how often a check is sent before its pair fails. RFC 8489 §6.2.1 */
  readonly checkSends: number;
  /** Rm: multiples of the first RTO to wait for a response after the last transmission. RFC 8489 §6.2.1 */
  readonly checkLastWait: number;
  /** Over TCP: milliseconds until a check that nobody answers has failed. Ti, RFC 8489 §6.2.2 */
  readonly reliableCheckWait: number;
  /** Regular nomination waits this long, in milliseconds, for a better pair than the first that works. RFC 8445 §8.1.1 */
  readonly nominationPatience: number;
  /** Whether our description has the ice-option `renomination`. Only if the peer's has it too are nominations numbered. */
  readonly renomination: boolean;
  /** With renomination: milliseconds between two probes of each pair in reserve, and consent checks of the pair in use. */
  readonly backupInterval: number;
  /** With renomination: milliseconds without an answer until another pair is nominated that does answer. */
  readonly renominateAfter: number;
  /** With renomination: milliseconds from one nomination to the next, unless the pair in use falls silent. */
  readonly renominationHold: number;
  /** With renomination: pairs that are kept in reserve. */
  readonly maxBackupPairs: number;
  /** The PAC timer: no failure earlier than this many milliseconds after checks could begin. RFC 8863 §3 */
  readonly patience: number;
  /** Milliseconds between consent checks, before the factor of 0.8 to 1.2. RFC 7675 §5.1 */
  readonly consentInterval: number;
  /** Milliseconds after the last response until consent is lost. RFC 7675 §5.1 */
  readonly consentExpiry: number;
  /** Milliseconds between consent checks while one is unanswered; at least twice the round trip. See consent.ts */
  readonly consentProbeInterval: number;
  /** Milliseconds of silence until the state is `disconnected`. */
  readonly disconnectedAfter: number;
  /**
   * The same of a lite agent, which asks nothing itself: milliseconds without a request from the peer. Peers ask every
   * 4 to 6 s (RFC 7675 §5.1), and one request may get lost.
   */
  readonly liteSilence: number;
  /** Most local candidates; one more is a caller's mistake. */
  readonly maxLocalCandidates: number;
  /** Most remote candidates taken from signalling; more are dropped. RFC 8445 §5.1.1.1 leaves the number open */
  readonly maxRemoteCandidates: number;
  /** Most remote candidates learned from the peer's checks; checks from further addresses are dropped. */
  readonly maxPeerReflexive: number;
  /** Most pairs; beyond it the lowest priorities go. RFC 8445 §6.1.2.5 */
  readonly maxPairs: number;
  /** Most responses waiting to be sent; requests beyond it go unanswered. */
  readonly maxReplies: number;
  /** Most requests remembered while a response may come; the oldest is forgotten. */
  readonly maxTransactions: number;
  /** Longest message that carries another protocol's datagram, in bytes. draft-hancke-webrtc-sped §4.4 */
  readonly maxMessageBytes: number;
  /** Most bytes of such datagrams sent to addresses that have not proven themselves. RFC 8445 §B.1 */
  readonly maxCarriedBytes: number;
  /** Most role switches that the peer can bring about. RFC 8445 §7.3.1.1 */
  readonly maxRoleSwitches: number;
}

/** The value of each tunable that is not given. */
export const ICE_DEFAULTS: IceTunables = {
  nomination: 'aggressive',
  checkInterval: 20,
  checkRtoInitial: 50,
  checkRtoMax: 3_200,
  checkSends: 15,
  checkLastWait: 16,
  reliableCheckWait: 39_500,
  nominationPatience: 100,
  renomination: false,
  backupInterval: 1_500,
  renominateAfter: 1_000,
  renominationHold: 10_000,
  maxBackupPairs: 4,
  patience: 39_500,
  consentInterval: 5_000,
  consentExpiry: 30_000,
  consentProbeInterval: 500,
  disconnectedAfter: 5_000,
  liteSilence: 13_000,
  maxLocalCandidates: 64,
  maxRemoteCandidates: 64,
  maxPeerReflexive: 32,
  maxPairs: 100,
  maxReplies: 64,
  maxTransactions: 256,
  maxMessageBytes: 1_200,
  maxCarriedBytes: 14_600,
  maxRoleSwitches: 8,
};

export interface IceAgentOptions extends Partial<IceTunables> {
  readonly role: IceRole;
  readonly crypto: StunCrypto;
  readonly random: RandomSource;
  /** Our username fragment and password; drawn from `random` if left out. */
  readonly local?: IceParameters | undefined;
  /** What rides with checks and responses. Default: nothing does. */
  readonly piggyback?: Piggyback | undefined;
  /**
   * RFC 8445 §2.5: answers checks and sends none, for hosts whose addresses everybody can reach. It has host candidates
   * alone, and is controlled unless the peer is lite too. Default false.
   */
  readonly lite?: boolean | undefined;
  /**
   * Takes fragments of our own of up to 256 characters, where RFC 8839 §5.4 allows 32: some peers choose them for us.
   * Default false.
   */
  readonly longFragment?: boolean | undefined;
}

// RFC 8445 §14.2: Ta must not be below 5 ms.
const MIN_CHECK_INTERVAL = 5;

const NAMES = Object.keys(ICE_DEFAULTS) as Array<keyof IceTunables>;

/** Those of the agent before: agents of one program are mostly alike, and share them. */
let latest = ICE_DEFAULTS;

/** The tunables with the caller's choices applied. Throws `IceError` on a value out of range. */
export function iceTunables(options: Partial<IceTunables>): IceTunables {
  if (NAMES.every((name) => (options[name] ?? ICE_DEFAULTS[name]) === latest[name])) return latest;
  const chosen: Record<string, unknown> = {};
  for (const name of NAMES) {
    const value = options[name] ?? ICE_DEFAULTS[name];
    const least = name === 'checkInterval' ? MIN_CHECK_INTERVAL : name.startsWith('max') ? 1 : 0;
    if (typeof value === 'number' && !(value >= least)) throw new IceError('BAD_OPTION', `${name} ${value}`);
    chosen[name] = value;
  }
  latest = chosen as unknown as IceTunables;
  return latest;
}
