// CPace, a balanced PAKE (draft-irtf-cfrg-cpace-21): two who know the same short password get the same strong key, and
// whoever does not know it can try one password for each exchange, and nothing afterwards. The cipher suite is
// CPACE-RISTR255-SHA512, with an initiator and a responder. The group (RFC 9496) is that of @noble/curves. Left out: the
// symmetric mode, other groups.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';

export interface CpaceInputs {
  /** PRS: what both know. */
  readonly password: Uint8Array;
  /** CI: what both agree on without saying it, their parts in it among that. */
  readonly channel: Uint8Array;
  /** sid: of this exchange alone. */
  readonly session: Uint8Array;
}

/** What one side says: a share (Ya, Yb) and data that is to be the same at both ends (ADa, ADb). */
export interface CpaceMessage {
  readonly share: Uint8Array;
  readonly data: Uint8Array;
}

export type CpaceRole = 'initiator' | 'responder';

const { Point } = ristretto255;
const DSI = Buffer.from('CPaceRistretto255');
const SCALAR_BYTES = 32;
/** s_in_bytes of SHA-512. */
const HASH_BLOCK = 128;

/** One side of one exchange, good for one answer. */
export class Cpace {
  readonly message: CpaceMessage;
  readonly #role: CpaceRole;
  readonly #session: Uint8Array;
  readonly #scalar: bigint;

  /** `scalar` is for known answers alone: whoever uses one twice gives the password away. */
  constructor(role: CpaceRole, inputs: CpaceInputs, data: Uint8Array, scalar: Uint8Array = drawScalar()) {
    this.#role = role;
    this.#session = inputs.session;
    this.#scalar = Point.Fn.fromBytes(scalar);
    this.message = { share: generator(inputs).multiply(this.#scalar).toBytes(), data };
  }

  /** Draft, "CPace protocol instructions": the intermediate session key, or `undefined` if what came is no share and the exchange has to end. */
  finish(theirs: CpaceMessage): Uint8Array | undefined {
    const k = multiplyVerified(this.#scalar, theirs.share);
    if (k === undefined) return undefined;
    const [a, b] = this.#role === 'initiator' ? [this.message, theirs] : [theirs, this.message];
    const head = withLengths(Buffer.concat([DSI, Buffer.from('_ISK')]), this.#session, k);
    return sha512(head, transcript(a), transcript(b));
  }
}

/** Draft, "Key confirmation": what the side that has sent `message` says to prove that it has the key. */
export function confirmationOf(key: Uint8Array, session: Uint8Array, message: CpaceMessage): Uint8Array {
  const macKey = sha512(Buffer.from('CPaceMac'), session, key);
  return createHmac('sha512', macKey).update(transcript(message)).digest();
}

/** In a time that does not tell where the two differ. */
export function isConfirmation(
  given: Uint8Array,
  key: Uint8Array,
  session: Uint8Array,
  theirs: CpaceMessage,
): boolean {
  const expected = confirmationOf(key, session, theirs);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Draft, generator_string: the padding fills the first block, so that its hash tells no length of a password. */
export function generatorString({ password, channel, session }: CpaceInputs): Uint8Array {
  const used = 1 + withLengths(password).length + withLengths(DSI).length;
  return withLengths(DSI, password, Buffer.alloc(Math.max(0, HASH_BLOCK - used)), channel, session);
}

/** Draft, calculate_generator; encoded. */
export function generatorOf(inputs: CpaceInputs): Uint8Array {
  return generator(inputs).toBytes();
}

const generator = (inputs: CpaceInputs): InstanceType<typeof Point> =>
  // Not every group's hasher has it, so says its type; this group's has (RFC 9496 §4.3.4).
  (ristretto255_hasher as Required<typeof ristretto255_hasher>).deriveToCurve(
    sha512(generatorString(inputs)),
  );

/** Draft, scalar_mult_vfy: `undefined` where it gives the neutral element, with which nobody may go on. */
export function multiplyVerified(scalar: bigint, share: Uint8Array): Uint8Array | undefined {
  try {
    const point = Point.fromBytes(share);
    return point.is0() ? undefined : point.multiply(scalar).toBytes();
  } catch {
    return undefined; // the encoding of no element
  }
}

/** Draft, lv_cat: each string behind its length in LEB128. */
export function withLengths(...strings: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(strings.flatMap((string) => [leb128(string.length), string]));
}

const transcript = ({ share, data }: CpaceMessage): Uint8Array => withLengths(share, data);

function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

/** Draft, sample_scalar: 252 random bits, which is less than the order of the group. */
function drawScalar(): Uint8Array {
  while (true) {
    const scalar = randomBytes(SCALAR_BYTES);
    scalar[SCALAR_BYTES - 1]! &= 0x0f;
    if (scalar.some((byte) => byte !== 0)) return scalar;
  }
}

function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
