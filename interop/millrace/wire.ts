// What DTLS says in plaintext on the wire: the group of the key exchange that a client shows a share of and that a server
// selects, by the bytes of the datagrams that node:dgram sends and receives (so: without the native sockets, and without SPED).
// RFC 9147 §5.3, RFC 8446 §4.2.8. A hello that is cut into several datagrams is put together from its fragments.
import dgram from 'node:dgram';

export interface WireHellos {
  /** Groups of the shares in the latest ClientHello. */
  offered: number[];
  /** Of the latest ServerHello; 0 before there is one. */
  selected: number;
}

const [HANDSHAKE, CLIENT_HELLO, SERVER_HELLO, KEY_SHARE] = [22, 1, 2, 51];
const RECORD_HEADER_BYTES = 13;
const HANDSHAKE_HEADER_BYTES = 12;

export function watchWire(hellos: WireHellos): void {
  const pieces = new Map<number, Uint8Array>();
  const look = (bytes: Uint8Array): void => {
    for (let at = 0; bytes[at] === HANDSHAKE && u16(bytes, at + 3) === 0; ) {
      const end = at + RECORD_HEADER_BYTES + u16(bytes, at + 11);
      onFragment(bytes.subarray(at + RECORD_HEADER_BYTES, end));
      at = end;
    }
  };
  const onFragment = (fragment: Uint8Array): void => {
    const type = fragment[0] ?? 0;
    if (type !== CLIENT_HELLO && type !== SERVER_HELLO) return;
    const [length, offset] = [u24(fragment, 1), u24(fragment, 6)];
    const content = fragment.subarray(HANDSHAKE_HEADER_BYTES);
    let hello = pieces.get(type);
    if (hello?.length !== length) {
      hello = new Uint8Array(length);
      pieces.set(type, hello);
    }
    hello.set(content.subarray(0, length - offset), offset);
    const groups = sharesOf(hello, type);
    if (type === CLIENT_HELLO) hellos.offered = groups;
    else hellos.selected = groups[0] ?? 0;
  };
  const { prototype } = dgram.Socket;
  const { send, emit } = prototype as unknown as Record<'send' | 'emit', (...given: unknown[]) => unknown>;
  Object.assign(prototype, {
    send(this: unknown, bytes: Uint8Array, at: unknown, length: unknown, ...rest: unknown[]): unknown {
      if (typeof at === 'number' && typeof length === 'number') look(bytes.subarray(at, at + length));
      return send.call(this, bytes, at, length, ...rest);
    },
    emit(this: unknown, name: unknown, ...given: unknown[]): unknown {
      if (name === 'message') look(given[0] as Uint8Array);
      return emit.call(this, name, ...given);
    },
  });
}

/** The groups in `key_share`: in a ClientHello a list of shares, in a ServerHello one. */
function sharesOf(hello: Uint8Array, type: number): number[] {
  const groups: number[] = [];
  let at = 34; // version and random
  at += 1 + (hello[at] ?? 0); // session id
  if (type === CLIENT_HELLO) {
    at += 1 + (hello[at] ?? 0); // cookie
    at += 2 + u16(hello, at); // suites
    at += 1 + (hello[at] ?? 0); // compression
  } else at += 3;
  const end = at + 2 + u16(hello, at);
  for (at += 2; at + 4 <= end; at += 4 + u16(hello, at + 2)) {
    if (u16(hello, at) !== KEY_SHARE) continue;
    if (type === SERVER_HELLO) return [u16(hello, at + 4)];
    const last = at + 4 + u16(hello, at + 2);
    for (let share = at + 6; share < last; share += 4 + u16(hello, share + 2)) groups.push(u16(hello, share));
  }
  return groups;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function u24(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) << 8) | (bytes[at + 2] ?? 0);
}
