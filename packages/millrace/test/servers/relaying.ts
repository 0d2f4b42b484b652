// A TURN server on loopback for tests, by UDP and by TCP: it makes allocations, refreshes and releases them (RFC 8656 §7, §8),
// and relays nothing. Real ones are met in interop/coturn.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import {
  type Attribute,
  addressAttribute,
  attributeTable,
  ERROR_CODE,
  longTermKey,
  MessageWriter,
  NONCE,
  parseMessage,
  REALM,
  STUN_ATTRIBUTES,
  USERNAME,
  u32Attribute,
  verifyIntegrity,
} from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { StreamFramer } from '@millrace/turn';

const METHOD_ALLOCATE = 0x003;
const METHOD_REFRESH = 0x004;
const LIFETIME = u32Attribute(0x000d, 'LIFETIME');
const REQUESTED_TRANSPORT = u32Attribute(0x0019, 'REQUESTED-TRANSPORT');
const XOR_RELAYED_ADDRESS = addressAttribute(0x0016, 'XOR-RELAYED-ADDRESS', true);
const TABLE = attributeTable(STUN_ATTRIBUTES, [
  LIFETIME,
  REQUESTED_TRANSPORT,
  XOR_RELAYED_ADDRESS,
] as readonly Attribute<unknown>[]);
const REALM_NAME = 'example.org';

export interface Relaying {
  readonly port: number;
  /** Passwords by user name: whoever is not there is told so with 401. */
  readonly users: Map<string, string>;
  /** The user name of each allocation, by protocol and port of the client. */
  readonly allocations: Map<string, string>;
  /** Errors in place of the next allocations. */
  readonly refusals: number[];
  /** TCP connections that are open. */
  readonly connections: Set<Socket>;
}

/** A port that is free for both: somebody else may have the one over UDP that is free over TCP. */
async function samePort(tcp: Server): Promise<{ port: number; udp: UdpSocket }> {
  for (;;) {
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket('udp4').bind(port, '127.0.0.1');
    try {
      await once(udp, 'listening');
      return { port, udp };
    } catch {
      udp.close();
      tcp.close();
      await once(tcp, 'close');
    }
  }
}

export async function relaying(t: TestContext, users: Readonly<Record<string, string>>): Promise<Relaying> {
  const state = {
    users: new Map(Object.entries(users)),
    allocations: new Map<string, string>(),
    refusals: [] as number[],
    connections: new Set<Socket>(),
  };
  let relayedPort = 50_000;
  const handle = (client: string, bytes: Uint8Array): Uint8Array | undefined => {
    const request = parseMessage(bytes, 0, bytes.length, TABLE);
    if (request?.messageClass !== 'request') return undefined;
    const { method, transactionId } = request;
    const user = request.get(USERNAME) ?? '';
    const key = longTermKey(user, REALM_NAME, state.users.get(user) ?? '', nodeStunCrypto, 'md5');
    const out = new Uint8Array(1_000);
    const writer = new MessageWriter();
    const refuse = (code: number): Uint8Array => {
      writer.begin(out, 0, out.length, 'error', method, transactionId).add(ERROR_CODE, { code, reason: '' });
      if (code === 401) writer.add(REALM, REALM_NAME).add(NONCE, 'nonce');
      return out.slice(0, writer.addFingerprint().finish());
    };
    if (!state.users.has(user) || !verifyIntegrity(request, key, nodeStunCrypto)) return refuse(401);
    const refusal = method === METHOD_ALLOCATE ? state.refusals.shift() : undefined;
    if (refusal !== undefined) return refuse(refusal);
    const owner = state.allocations.get(client);
    const lifetime = request.get(LIFETIME) ?? 600;
    if (method === METHOD_ALLOCATE ? owner !== undefined : owner === undefined) return refuse(437);
    if (owner !== undefined && owner !== user) return refuse(441);
    writer.begin(out, 0, out.length, 'success', method, transactionId);
    if (method === METHOD_ALLOCATE) {
      state.allocations.set(client, user);
      writer.add(XOR_RELAYED_ADDRESS, { address: '192.0.2.15', port: relayedPort++ });
    } else if (method === METHOD_REFRESH && lifetime === 0) state.allocations.delete(client);
    writer.add(LIFETIME, lifetime).addIntegrity(key, nodeStunCrypto);
    return out.slice(0, writer.addFingerprint().finish());
  };
  const tcp = createServer();
  tcp.on('connection', (socket: Socket) => {
    const { remotePort } = socket;
    state.connections.add(socket);
    const framer = new StreamFramer();
    socket.on('data', (chunk: Buffer) =>
      framer.push(chunk, 0, chunk.length, (bytes, at, end) => {
        const answer = handle(`tcp ${remotePort}`, new Uint8Array(bytes.subarray(at, end)));
        if (answer !== undefined) socket.write(answer);
      }),
    );
    socket.on('error', () => {});
    socket.on('close', () => state.connections.delete(socket));
  });
  const { port, udp } = await samePort(tcp);
  udp.on('message', (bytes, from) => {
    const answer = handle(`udp ${from.port}`, new Uint8Array(bytes));
    if (answer !== undefined) udp.send(answer, from.port, from.address);
  });
  t.after(() => {
    for (const socket of state.connections) socket.destroy();
    tcp.close();
    udp.close();
  });
  return { port, ...state };
}
