// Our end of a meeting with a media program: @millrace/srtp on UDP sockets of loopback, with the fastest ciphers there are.

import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { srtpCryptos } from '@millrace/crypto';
import { loadNative } from '@millrace/native';
import { PROFILES, type SrtpProfile, SrtpReceiver, SrtpSender } from '@millrace/srtp';

export const HOST = '127.0.0.1';
export const SSRC = 0x6d69_6c6c;
/** A-law, 20 ms of 8 kHz a packet. */
export const PAYLOAD_TYPE = 8;
export const PAYLOAD_BYTES = 160;
/** The sequence number wraps on the way. */
export const FIRST_SEQUENCE = 65_500;
export const PACKETS = 80;
/** A-law for silence, which is what programs are told to send. */
export const SILENCE = 0xd5;
const PATIENCE = 90_000; // ms
const POLL_INTERVAL = 10; // ms
const ROOM_BYTES = 2_048;

export interface Keys {
  readonly profile: SrtpProfile;
  readonly masterKey: Uint8Array;
  readonly masterSalt: Uint8Array;
}

export function keysOf(profile: SrtpProfile): Keys {
  const { keyBytes, saltBytes } = PROFILES[profile];
  const masterKey = Uint8Array.from({ length: keyBytes }, (_, i) => 17 + i * 7);
  const masterSalt = Uint8Array.from({ length: saltBytes }, (_, i) => 99 + i * 5);
  return { profile, masterKey, masterSalt };
}

/** Key and salt in one, as SDES and libsrtp have them. */
export function keyAndSalt({ masterKey, masterSalt }: Keys): Buffer {
  return Buffer.concat([masterKey, masterSalt]);
}

export class MediaEnd {
  readonly rtp: Socket;
  readonly rtcp: Socket;
  /** What came and opened, or came in the clear. */
  readonly packets: Buffer[] = [];
  readonly reports: Buffer[] = [];
  readonly #sender: SrtpSender;
  readonly #receiver: SrtpReceiver;

  private constructor(keys: Keys, rtp: Socket, rtcp: Socket, clear: boolean) {
    const options = { ...keys, cryptos: loadNative()?.srtp ?? srtpCryptos };
    this.#sender = new SrtpSender(options);
    this.#receiver = new SrtpReceiver(options);
    this.rtp = rtp;
    this.rtcp = rtcp;
    rtp.on('message', (bytes) => {
      const end = clear ? bytes.length : this.#receiver.unprotectRtp(bytes, 0, bytes.length);
      if (end > 0) this.packets.push(bytes.subarray(0, end));
    });
    rtcp.on('message', (bytes) => {
      const end = clear ? bytes.length : this.#receiver.unprotectRtcp(bytes, 0, bytes.length);
      if (end > 0) this.reports.push(bytes.subarray(0, end));
    });
  }

  /** `clear`: what comes is not protected. */
  static async open(keys: Keys, { clear = false }: { clear?: boolean } = {}): Promise<MediaEnd> {
    return new MediaEnd(keys, await boundSocket(), await boundSocket(), clear);
  }

  get drops(): string {
    return JSON.stringify(this.#receiver.drops);
  }

  /** Sends a packet protected and returns it in the clear. */
  sendRtp(sequence: number, port: number): Buffer {
    const room = Buffer.alloc(ROOM_BYTES, sequence & 0xff);
    room.writeUInt16BE(0x8000 | PAYLOAD_TYPE, 0);
    room.writeUInt16BE(sequence & 0xffff, 2);
    room.writeUInt32BE((sequence * PAYLOAD_BYTES) >>> 0, 4);
    room.writeUInt32BE(SSRC, 8);
    const plain = Buffer.from(room.subarray(0, 12 + PAYLOAD_BYTES));
    this.rtp.send(room, 0, this.#sender.protectRtp(room, 0, plain.length), port, HOST);
    return plain;
  }

  /** A receiver report without reports. */
  sendRtcp(port: number): Buffer {
    const room = Buffer.alloc(ROOM_BYTES);
    room.writeUInt32BE(0x80c9_0001, 0);
    room.writeUInt32BE(SSRC, 4);
    const plain = Buffer.from(room.subarray(0, 8));
    this.rtcp.send(room, 0, this.#sender.protectRtcp(room, 0, plain.length), port, HOST);
    return plain;
  }

  close(): void {
    this.#sender.close();
    this.#receiver.close();
    this.rtp.close();
    this.rtcp.close();
  }
}

/** That silence came, packet after packet, over the wrap of the sequence number. */
export function checkSilence(end: MediaEnd): void {
  assert(end.packets.length >= PACKETS, `${end.packets.length} packets; ${end.drops}`);
  for (const [i, packet] of end.packets.entries()) {
    assert.equal(packet.readUInt16BE(2), (FIRST_SEQUENCE + i) & 0xffff);
    assert.equal(packet[1]! & 0x7f, PAYLOAD_TYPE);
    assert(
      packet.subarray(12).every((byte) => byte === SILENCE),
      `packet ${i} is not silence`,
    );
  }
  assert.match(end.drops, /^\{("[a-z-]+":0,?)+\}$/);
}

export async function until(what: string, condition: () => boolean, detail: () => string): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE;
  while (!condition()) {
    if (performance.now() > giveUpAt) assert.fail(`not so within ${PATIENCE} ms: ${what}\n${detail()}`);
    await sleep(POLL_INTERVAL);
  }
}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}
