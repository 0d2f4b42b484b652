// The keys of a DTLS 1.3 handshake as they come into being, and the session they end in. RFC 8446 §7.1, RFC 9147 §6.1 (which
// epoch is which).
import type { CipherSuite13 } from '../cipher-suites-13.ts';
import type { HandshakeContext } from '../handshake/step.ts';
import type { KeyExchange } from '../key-exchange.ts';
import { KeySchedule13, type TrafficSecrets } from '../key-schedule/tls13.ts';
import { FIRST_APPLICATION_EPOCH, HANDSHAKE_EPOCH } from '../record/epochs.ts';
import { keyLogLine13, type Session13 } from '../session.ts';
import type { ResumableSession } from '../session-cache.ts';
import { digest } from './authentication.ts';
import { AfterHandshake } from './post-handshake.ts';

export interface Keys13 {
  readonly suite: CipherSuite13;
  readonly exchange: KeyExchange;
  readonly schedule: KeySchedule13;
  readonly clientRandom: Uint8Array;
  readonly handshake: TrafficSecrets;
  /** The session that this one resumes. */
  readonly resumed: ResumableSession | undefined;
}

/** Both hellos are in the transcript. The shared secret is wiped. From here on epoch 2 can be read and written. */
export function enterHandshake(
  context: HandshakeContext,
  suite: CipherSuite13,
  exchange: KeyExchange,
  clientRandom: Uint8Array,
  sharedSecret: Uint8Array,
  resumed: ResumableSession | undefined,
): Keys13 {
  const { settings, records, transcript, secrets } = context;
  const { crypto, role, keyLog } = settings;
  const schedule = new KeySchedule13(crypto, suite.hash, resumed?.preSharedKey);
  resumed?.preSharedKey.fill(0);
  const handshake = schedule.enterHandshake(sharedSecret, transcript.digest(crypto, suite.hash));
  secrets.push(schedule, handshake.client, handshake.server);
  if (keyLog) {
    context.keyLog.push(
      keyLogLine13('CLIENT_HANDSHAKE_TRAFFIC_SECRET', clientRandom, handshake.client),
      keyLogLine13('SERVER_HANDSHAKE_TRAFFIC_SECRET', clientRandom, handshake.server),
    );
  }
  const epochs = records.createEpochs(crypto, suite);
  epochs.startSealing(HANDSHAKE_EPOCH, handshake[role]);
  epochs.startOpening(HANDSHAKE_EPOCH, role === 'client' ? handshake.server : handshake.client);
  return { suite, exchange, schedule, clientRandom, handshake, resumed };
}

export interface MainKeys extends TrafficSecrets {
  readonly exporter: Uint8Array;
}

/** The transcript ends with the server's Finished. */
export function enterMain(context: HandshakeContext, keys: Keys13): MainKeys {
  const main = keys.schedule.enterMain(digest(context, keys));
  context.secrets.push(main.client, main.server, main.exporter);
  if (context.settings.keyLog) {
    context.keyLog.push(
      keyLogLine13('CLIENT_TRAFFIC_SECRET_0', keys.clientRandom, main.client),
      keyLogLine13('SERVER_TRAFFIC_SECRET_0', keys.clientRandom, main.server),
      keyLogLine13('EXPORTER_SECRET', keys.clientRandom, main.exporter),
    );
  }
  return main;
}

/** From here on we send application data. What is still to be sent of the handshake keeps its epoch. */
export function startSending(context: HandshakeContext, main: MainKeys): void {
  context.records.epochs!.startSealing(FIRST_APPLICATION_EPOCH, main[context.settings.role]);
  context.flight.epoch = FIRST_APPLICATION_EPOCH;
}

/** From here on application data is read: the peer is verified. */
export function startReceiving(context: HandshakeContext, main: MainKeys): void {
  const secret = context.settings.role === 'client' ? main.server : main.client;
  context.records.epochs!.startOpening(FIRST_APPLICATION_EPOCH, secret);
}

/** The peer has shown who it is. Handshake secrets are overwritten. */
export function establish(
  context: HandshakeContext,
  keys: Keys13,
  main: MainKeys,
  certificates: { readonly remote: Uint8Array; readonly own: Uint8Array },
  srtpProfile: number | undefined,
): { kind: 'established'; session: Session13; next: AfterHandshake } {
  const { suite, exchange } = keys;
  const { remote: remoteCertificate, own: ownCertificate } = certificates;
  const source =
    context.settings.sessions === undefined
      ? undefined
      : {
          suite,
          resumptionSecret: keys.schedule.resumption(digest(context, keys)),
          remoteCertificate,
          ownCertificate,
        };
  context.transcript.release(); // the connection may last
  keys.schedule.wipe();
  // The client's last flight may come again, and has to be acknowledged then; its secret is wiped with the epoch.
  if (context.settings.role === 'server')
    context.records.epochs?.restOpening(HANDSHAKE_EPOCH, keys.handshake.client);
  else keys.handshake.client.fill(0);
  keys.handshake.server.fill(0);
  const session: Session13 = {
    version: '1.3',
    suite,
    group: exchange,
    exporterSecret: main.exporter,
    isResumed: keys.resumed !== undefined,
    srtpProfile,
    remoteCertificate,
    ownCertificate,
  };
  return { kind: 'established', session, next: new AfterHandshake(context, suite, main, source) };
}
