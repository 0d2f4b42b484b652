// DTLS, SCTP and data channels of two sides in memory: what a connection is but for ICE and sockets.
import { randomFillSync } from 'node:crypto';
import { type Channel, type ChannelsSink, DataChannels } from '@millrace/datachannel';
import { type DtlsCertificate, DtlsConnection, type DtlsSink, fingerprintOf } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import { SctpAssociation } from '@millrace/sctp';
import { defaultCertificate, dtlsCertificateOf } from '../src/certificate.ts';
import { type Backend, chooseBackend } from '../src/transport/backend.ts';
import { BUFFERED_BYTES, type Course, SCTP_PACKET_BYTES } from './course.ts';

const BATCH_BYTES = 62_000;
const RECORD_BYTES = 1_200;
const random = { fill: (bytes: Uint8Array): void => void randomFillSync(bytes) };

class Side implements ChannelsSink, DtlsSink {
  readonly dtls: DtlsConnection;
  readonly association: SctpAssociation;
  readonly channels: DataChannels;
  readonly channel: Channel;
  packets = 0;
  messages = 0;
  /** As the driver keeps it. */
  readonly #time: [undefined, number] = [undefined, 0];

  constructor(role: 'client' | 'server', backend: Backend, certificate: DtlsCertificate) {
    this.dtls = new DtlsConnection({
      role,
      certificate,
      crypto: backend.crypto,
      cipherSuites: backend.cipherSuites,
      random,
      remoteFingerprints: [fingerprintOf(certificate.certificate, nodeDtlsCrypto)],
      mtu: RECORD_BYTES,
    });
    this.association = new SctpAssociation({
      localPort: 5000,
      remotePort: 5000,
      random,
      cookieMac: (bytes) => bytes.slice(0, 32),
      mtu: SCTP_PACKET_BYTES,
      zeroChecksum: true,
      maxMessageSize: 262_144,
    });
    this.channels = new DataChannels();
    this.channels.maxMessageSize = 262_144;
    this.channels.setRole(role);
    this.channels.attach(this.association);
    this.channel = this.channels.open({ negotiated: true, id: 0, ordered: false }, 0);
  }

  set time(now: number) {
    this.#time[1] = now;
  }

  /** Writes a batch into `slab`; returns where it ends. */
  send(slab: Uint8Array, now: number): number {
    const { dtls, association } = this;
    let at = 0;
    while (at < BATCH_BYTES) {
      const length = association.transmit(slab, at + dtls.headroom, at + RECORD_BYTES - dtls.tailroom, now);
      if (length === 0) break;
      at += dtls.seal(slab, at, length);
    }
    this.channels.drain(this, now);
    return at;
  }

  receive(slab: Uint8Array, end: number, now: number): void {
    let at = 0;
    while (at < end) {
      const length = 13 + ((slab[at + 11]! << 8) | slab[at + 12]!);
      this.dtls.receive(slab, at, at + length, now);
      this.dtls.drain(this);
      at += length;
    }
    this.channels.drain(this, now);
  }

  onConnected(): void {}
  onClosed(): void {}
  onOpen(): void {}
  onChannel(): void {}
  onClosing(): void {}
  onSent(): void {}
  onMessage(): void {
    this.messages++;
  }

  onApplicationData(bytes: Uint8Array, at: number, end: number): void {
    this.packets++;
    this.association.receive(bytes, at, end, this.#time[1]);
  }
}

export async function openProtocols(wantsNative: boolean): Promise<Course> {
  const backend = chooseBackend(wantsNative);
  const certificate = dtlsCertificateOf(defaultCertificate());
  const a = new Side('client', backend, certificate);
  const b = new Side('server', backend, certificate);
  const { slab } = backend.batch;
  let now = 1;
  const pass = (from: Side, to: Side): void => {
    for (let length = from.dtls.transmit(slab, 0, 2_000, now); length > 0; ) {
      to.dtls.receive(slab, 0, length, now);
      to.dtls.drain(to);
      length = from.dtls.transmit(slab, 0, 2_000, now);
    }
    from.dtls.drain(from);
  };
  a.dtls.start(now);
  b.dtls.start(now);
  for (let turn = 0; turn < 20 && !(a.dtls.state === 'connected' && b.dtls.state === 'connected'); turn++) {
    pass(a, b);
    pass(b, a);
  }
  a.association.connect(now);
  b.association.connect(now);

  const turn = (): void => {
    now += 0.1;
    a.time = now;
    b.time = now;
    b.receive(slab, a.send(slab, now), now);
    a.receive(slab, b.send(slab, now), now);
    if (a.association.deadline() <= now) a.association.expire(now);
    if (b.association.deadline() <= now) b.association.expire(now);
  };
  for (let i = 0; i < 20; i++) turn();
  if (b.association.state !== 'connected') throw new Error('not connected');

  return {
    async run(bytes, packets) {
      const message = new Uint8Array(bytes);
      b.packets = 0;
      b.messages = 0;
      while (b.packets < packets) {
        while (a.channel.bufferedAmount < BUFFERED_BYTES) a.channels.send(a.channel, message, now);
        turn();
      }
      return { packets: b.packets, messages: b.messages };
    },
    close() {
      a.dtls.release(now);
      b.dtls.release(now);
    },
  };
}
