// STUN messages (RFC 8489): reading, integrity and fingerprint. Whatever is read never leaves its bounds, and what a
// writer makes of the same attributes reads the same again.
import {
  HEADER_BYTES,
  isStun,
  METHOD_BINDING,
  MessageWriter,
  PRIORITY,
  parseMessage,
  SOFTWARE,
  STUN_ATTRIBUTES,
  USERNAME,
  verifyFingerprint,
  verifyIntegrity,
  verifyIntegritySha256,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { type FuzzTarget, invariant } from './target.ts';

const KEY = new TextEncoder().encode('VOkJxbRl1RmTxUk/WvJxBt');
const writer = new MessageWriter();

export const target: FuzzTarget = {
  name: 'stun',
  seeds: [
    request(true),
    request(false),
    response(),
    Uint8Array.from(request(true).subarray(0, HEADER_BYTES)),
  ],
  run(input, random) {
    // At an offset, so that reading in front of the message or behind it shows.
    const at = random.below(8);
    const bytes = new Uint8Array(at + input.length + random.below(8)).fill(0xee);
    bytes.set(input, at);
    const end = at + input.length;
    // The header's length is right most of the time, or nothing behind it would be looked at.
    if (input.length >= HEADER_BYTES && random.chance(0.8)) {
      bytes[at] = bytes[at]! & 0x3f;
      bytes[at + 2] = (input.length - HEADER_BYTES) >>> 8;
      bytes[at + 3] = input.length - HEADER_BYTES;
    }
    const message = parseMessage(bytes, at, end);
    if (message === undefined) return;
    invariant(isStun(bytes, at, end), 'what parses is STUN');
    for (const attribute of STUN_ATTRIBUTES.values()) {
      const value = message.get(attribute);
      if (value === undefined) continue;
      const where = message.valueOffset(attribute);
      invariant(
        where >= at + HEADER_BYTES + 4 && where <= end,
        `an attribute lies in the message, not at ${where}`,
      );
    }
    verifyFingerprint(message);
    const before = bytes.slice();
    verifyIntegrity(message, KEY, nodeStunCrypto);
    verifyIntegritySha256(message, KEY, nodeStunCrypto);
    invariant(
      before.every((byte, i) => byte === bytes[i]),
      'looking at the integrity leaves the message as it was',
    );
  },
};

function request(sha1: boolean): Uint8Array {
  const out = new Uint8Array(256);
  writer
    .begin(
      out,
      0,
      out.length,
      'request',
      METHOD_BINDING,
      Uint8Array.from({ length: 12 }, (_, i) => i),
    )
    .add(USERNAME, 'evtj:h6vY')
    .add(SOFTWARE, 'fuzz')
    .add(PRIORITY, 0x6e0001ff);
  if (sha1) writer.addIntegrity(KEY, nodeStunCrypto);
  writer.addIntegritySha256(KEY, nodeStunCrypto).addFingerprint();
  return out.slice(0, writer.finish());
}

function response(): Uint8Array {
  const out = new Uint8Array(256);
  writer
    .begin(out, 0, out.length, 'success', METHOD_BINDING, new Uint8Array(12))
    .add(XOR_MAPPED_ADDRESS, { address: '2001:db8::1', port: 32853 })
    .addIntegrity(KEY, nodeStunCrypto)
    .addFingerprint();
  return out.slice(0, writer.finish());
}
