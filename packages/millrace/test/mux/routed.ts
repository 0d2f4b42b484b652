// A router without sockets and with a clock of the test's, and connections that write down what they get.
import { METHOD_BINDING, MessageWriter, PRIORITY, shortTermKey, USERNAME } from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { MUX_DEFAULTS, type MuxLimits, type UdpMuxOptions } from '../../src/mux/options.ts';
import { MuxMember, MuxRouter, type Place, type RoutedSocket } from '../../src/mux/router.ts';

export const LOCAL = { address: '192.0.2.1', port: 9000 };
export const PASSWORD = 'passwordpasswordpassword';

export interface Routed {
  readonly router: MuxRouter;
  readonly socket: RoutedSocket;
  readonly clock: { now: number };
  readonly thrown: unknown[];
  /** Runs what was put off. */
  settle(): void;
  give(bytes: Uint8Array, remote: { address: string; port: number }): void;
}

export function routed(
  limits: Partial<MuxLimits> = {},
  onUnknownUfrag?: UdpMuxOptions['onUnknownUfrag'],
): Routed {
  const clock = { now: 0 };
  const deferred: Array<() => void> = [];
  const thrown: unknown[] = [];
  const router = new MuxRouter({
    limits: { ...MUX_DEFAULTS, ...limits },
    onUnknownUfrag,
    now: () => clock.now,
    defer: (run) => deferred.push(run),
    onThrown: (error) => thrown.push(error),
  });
  const socket = router.addSocket(LOCAL);
  return {
    router,
    socket,
    clock,
    thrown,
    settle: () => {
      for (const run of deferred.splice(0)) run();
    },
    give: (bytes, remote) => socket.receive(bytes, 0, bytes.length, remote),
  };
}

export interface Recorder {
  readonly member: MuxMember;
  readonly place: Place;
  /** What came, as its sender's port and length, and `|` for the end of each batch. */
  readonly seen: string[];
  /** Ports of senders whose checks are good. */
  readonly verified: Set<number>;
}

export function recorder({ router, socket }: Routed, fragment: string, isOpen = true): Recorder {
  const member = new MuxMember(() => {});
  router.join(member, fragment);
  const seen: string[] = [];
  const verified = new Set<number>();
  const open = (): Place =>
    router.openPlace(member, socket.number, {
      onDatagram: (_bytes, at, end, remote) => seen.push(`${remote.port}:${end - at}`),
      onBatchEnd: () => seen.push('|'),
      onWritable: () => {},
      onMtuExceeded: () => {},
      onError: () => {},
      isVerified: ({ port }) => verified.has(port),
    });
  return { member, place: isOpen ? open() : (undefined as unknown as Place), seen, verified };
}

let nextId = 1;

export function check(username: string, password: string = PASSWORD, id: number = nextId++): Uint8Array {
  const transactionId = new Uint8Array(12);
  for (let i = 0; i < 4; i++) transactionId[i] = id >> (i * 8);
  const out = new Uint8Array(1200);
  const length = new MessageWriter()
    .begin(out, 0, out.length, 'request', METHOD_BINDING, transactionId)
    .add(USERNAME, username)
    .add(PRIORITY, 1)
    .addIntegrity(shortTermKey(password), nodeStunCrypto)
    .addFingerprint()
    .finish();
  return out.slice(0, length);
}

/** A response to the check with that id, good enough to be routed. */
export function response(id: number): Uint8Array {
  const transactionId = new Uint8Array(12);
  for (let i = 0; i < 4; i++) transactionId[i] = id >> (i * 8);
  const out = new Uint8Array(100);
  const writer = new MessageWriter().begin(out, 0, 100, 'success', METHOD_BINDING, transactionId);
  return out.slice(0, writer.finish());
}

export function from(port: number): { address: string; port: number } {
  return { address: '198.51.100.1', port };
}

/** What only a DTLS record begins with. */
export const RECORD: Uint8Array = new Uint8Array(50).fill(23);
