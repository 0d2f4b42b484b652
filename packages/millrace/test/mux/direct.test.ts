import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { DtlsConnection } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import {
  type AcceptOptions,
  generateCertificate,
  type ListenOptions,
  listen,
  type RTCCertificate,
  type RTCDataChannel,
  RTCPeerConnection,
  type RTCServer,
} from 'millrace';
import { dtlsCertificateOf } from '../../src/certificate.ts';
import { random } from '../../src/transport/random.ts';
import { ON_LOOPBACK, turns } from './clients.ts';
import { check } from './routed.ts';

/** Its share fits one datagram together with all the rest. */
const X25519 = 29;
/** What client and server agree upon beforehand: see libp2p's WebRTC-Direct, version 1. */
const PREFIX = 'libp2p+webrtc+v1/';
let drawn = 0;

interface Direct {
  readonly server: RTCServer;
  readonly certificate: RTCCertificate;
  readonly accepted: RTCPeerConnection[];
}

async function directServer(options: Partial<ListenOptions> = {}): Promise<Direct> {
  const certificate = await generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' });
  const accepted: RTCPeerConnection[] = [];
  const server = await listen({
    addresses: ['127.0.0.1'],
    configuration: { certificates: [certificate] },
    onUnknownUfrag(request, server) {
      const { localUsernameFragment: secret } = request;
      if (!secret.startsWith(PREFIX) || !request.isSignedWith(secret)) return false;
      const how: AcceptOptions = { password: secret };
      const connection = server.accept(request, how);
      connection.createDataChannel('noise', { negotiated: true, id: 0 });
      accepted.push(connection);
      return undefined;
    },
    ...options,
  });
  return { server, certificate, accepted };
}

interface Dialled {
  readonly client: RTCPeerConnection;
  readonly channel: RTCDataChannel;
}

/** A client that makes up the server's answer. */
async function dial(
  { server, certificate }: Direct,
  secret: string = PREFIX + `${drawn++}`.padStart(24, 'x'),
): Promise<Dialled> {
  const iceParameters = { usernameFragment: secret, password: secret };
  const client = new RTCPeerConnection({ millrace: { ...ON_LOOPBACK, iceParameters } });
  const channel = client.createDataChannel('noise', { negotiated: true, id: 0 });
  await client.setLocalDescription();
  const [{ algorithm, value } = {}] = certificate.getFingerprints();
  const lines = [
    ...['v=0', 'o=- 0 0 IN IP4 0.0.0.0', 's=-', 't=0 0', 'a=ice-lite', 'a=group:BUNDLE 0'],
    ...['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 0.0.0.0', 'a=mid:0', 'a=setup:passive'],
    ...[`a=ice-ufrag:${secret}`, `a=ice-pwd:${secret}`, `a=fingerprint:${algorithm} ${value?.toUpperCase()}`],
    ...['a=sctp-port:5000', `a=candidate:1 1 udp 1 127.0.0.1 ${server.port} typ host`, ''],
  ];
  await client.setRemoteDescription({ type: 'answer', sdp: lines.join('\r\n') });
  return { client, channel };
}

interface RawSocket {
  /** All that has come. */
  readonly come: Buffer[];
  send(bytes: Uint8Array): void;
  /** Sends, and waits for the next datagram. */
  ask(bytes: Uint8Array): Promise<Buffer>;
  close(): void;
}

async function rawSocket(port: number): Promise<RawSocket> {
  const socket = createSocket('udp4');
  const come: Buffer[] = [];
  socket.on('message', (message) => come.push(message));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const send = (bytes: Uint8Array): void => socket.send(bytes, port, '127.0.0.1');
  return {
    come,
    send,
    async ask(bytes) {
      const next = once(socket, 'message') as Promise<[Buffer]>;
      send(bytes);
      return (await next)[0];
    },
    close: () => void socket.close(),
  };
}

describe('servers that take clients without signaling', () => {
  test('a client that knows address, certificate and the way to make a password connects; the server sees its certificate', async () => {
    const direct = await directServer();
    const dialled = await Promise.all([dial(direct), dial(direct), dial(direct)]);
    await Promise.all(dialled.map(({ channel }) => channel.readyState === 'open' || once(channel, 'open')));
    assert.equal(direct.accepted.length, 3);
    for (const connection of direct.accepted) {
      assert.equal(connection.connectionState, 'connected');
      assert.equal(connection.sctp?.transport.getRemoteCertificates().length, 1);
    }
    await turns(2);
    assert.equal(direct.server.stats.unproven, 0);
    for (const { client } of dialled) client.close();
    await Promise.all(direct.accepted.map(({ closed }) => closed));
    assert.equal(direct.server.stats.connections, 0);
    direct.server.close();
  });

  // A HelloVerifyRequest, and a HelloRetryRequest, which is a ServerHello.
  for (const [section, maxVersion, type] of [
    ['RFC 6347 §4.2.1', '1.2', 3],
    ['RFC 9147 §5.1', '1.3', 2],
  ] as const) {
    test(`${section}: such a client has to prove its address before more goes there than has come from it`, async () => {
      const direct = await directServer();
      const secret = `${PREFIX}${'y'.repeat(24)}`;
      const stranger = await rawSocket(direct.server.port);
      const request = check(`${secret}:${secret}`, secret);
      const response = await stranger.ask(request);
      assert(response.length <= request.length);
      const hello = new Uint8Array(1_200);
      const dtls = new DtlsConnection({
        role: 'client',
        certificate: dtlsCertificateOf(direct.certificate),
        crypto: nodeDtlsCrypto,
        random,
        remoteFingerprints: 'any',
        maxVersion,
        groups: [X25519],
      });
      dtls.start(0);
      const length = dtls.transmit(hello, 0, hello.length, 0);
      const answer = await stranger.ask(hello.subarray(0, length));
      assert.equal(answer[13], type);
      assert(answer.length < length, `${answer.length} bytes answer ${length}`);
      await turns();
      assert.deepEqual(stranger.come, [response, answer], 'and nothing else');
      stranger.close();
      direct.server.close();
    });
  }

  test('a client whose secret does not follow the rule is left alone', async () => {
    const direct = await directServer();
    const { client } = await dial(direct, 'another+protocol+x/xxxxxxxx');
    while (direct.server.stats.drops.refused === 0) await turns();
    assert.equal(direct.server.connections.size, 0);
    client.close();
    direct.server.close();
  });

  test('so many connections may be unproven; with one more the hook is not asked', async () => {
    const direct = await directServer({ maxUnproven: 2, connectTimeout: 60_000 });
    // Clients that go no further than their first checks.
    const stranger = await rawSocket(direct.server.port);
    for (const letter of ['a', 'b', 'c']) {
      const secret = PREFIX + letter.repeat(24);
      stranger.send(check(`${secret}:${secret}`, secret));
    }
    while (direct.server.stats.tooManyUnproven === 0) await turns();
    assert.equal(direct.accepted.length, 2);
    assert.equal(direct.server.stats.connections, 2);
    assert.equal(direct.server.stats.unproven, 2);
    for (const connection of direct.accepted) connection.close();
    await turns();
    assert.equal(direct.server.stats.unproven, 0);
    stranger.close();
    direct.server.close();
  });

  test('without `disableFingerprintVerification` a certificate that was not announced is refused', async () => {
    const direct = await directServer();
    const other = {
      ...direct,
      certificate: await generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' }),
    };
    const { client } = await dial(other);
    assert.equal((await client.closed).code, 'DTLS_FINGERPRINT_MISMATCH');
    direct.server.close();
  });
});
