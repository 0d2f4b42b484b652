// The traces are RFC 8448 §3 (Simple 1-RTT Handshake) and §4 (Resumed 0-RTT Handshake). TLS 1.3 has the label prefix
// `tls13 `; nothing else differs from DTLS 1.3 (RFC 9147 §5.9).
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { expandLabel, KeySchedule13 } from '../../src/key-schedule/tls13.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import { hex } from '../fixtures/records.ts';

const TLS = 'tls13 ';
const NOTHING = new Uint8Array(0);

// RFC 8448 §3
const SHARED_SECRET = '8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d';
const HASH_TO_SERVER_HELLO = '860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8';
const CLIENT_HANDSHAKE = 'b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21';
const SERVER_HANDSHAKE = 'b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38';
const SERVER_APPLICATION = 'a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643';
const RESUMPTION_PSK = '4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3';

describe('RFC 8446 §7.1 the key schedule, by the traces of RFC 8448', () => {
  test('handshake traffic secrets', () => {
    const schedule = new KeySchedule13(nodeDtlsCrypto, 'sha-256', undefined, TLS);
    const secrets = schedule.enterHandshake(hex(SHARED_SECRET), hex(HASH_TO_SERVER_HELLO));
    same(secrets.client, CLIENT_HANDSHAKE);
    same(secrets.server, SERVER_HANDSHAKE);
  });

  test('keys and IVs of records (§7.3)', () => {
    const expand = (secret: string, label: string, length: number) =>
      expandLabel(nodeDtlsCrypto, 'sha-256', hex(secret), label, NOTHING, length, TLS);
    same(expand(SERVER_HANDSHAKE, 'key', 16), '3fce516009c21727d0f2e4e86ee403bc');
    same(expand(SERVER_HANDSHAKE, 'iv', 12), '5d313eb2671276ee13000b30');
    same(expand(CLIENT_HANDSHAKE, 'key', 16), 'dbfaa693d1762c5b666af5d950258d01');
    same(expand(CLIENT_HANDSHAKE, 'iv', 12), '5bd3c71b836e0b76bb73265f');
    same(expand(SERVER_APPLICATION, 'key', 16), '9f02283b6c9c07efc26bb9f2ac92e356');
    same(expand(SERVER_APPLICATION, 'iv', 12), 'cf782b88dd83549aadf1e984');
  });

  test('the key that a ticket stands for, and the binder that proves it (§4.2.11.2, §4.6.1)', () => {
    const resumption = hex('7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c');
    const schedule = new KeySchedule13(nodeDtlsCrypto, 'sha-256', undefined, TLS);
    const psk = schedule.resumptionPsk(resumption, hex('0000'));
    same(psk, RESUMPTION_PSK);
    const resumed = new KeySchedule13(nodeDtlsCrypto, 'sha-256', psk, TLS);
    const binder = resumed.binderKey('res');
    same(binder, '69fe131a3bbad5d63c64eebcc30e395b9d8107726a13d074e389dbc8a4e47256');
    same(resumed.finishedKey(binder), '5588673e72cb59c87d220caffe94f2dea9a3b1609f7d50e90a48227db9ed7eaa');
    const partialHello = hex('63224b2e4573f2d3454ca84b9d009a04f6be9e05711a8396473aefa01e924a14');
    same(
      resumed.verifyData(binder, partialHello),
      '3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d',
    );
  });
});

describe('RFC 9147 §5.9 the key schedule of DTLS 1.3, computed a second time by hand', () => {
  for (const [hash, name, bytes] of [
    ['sha-256', 'sha256', 32],
    ['sha-384', 'sha384', 48],
  ] as const) {
    const hmac = (key: Uint8Array, data: Uint8Array) => createHmac(name, key).update(data).digest();
    // One block is as much as any secret takes.
    const expand = (secret: Uint8Array, label: string, context: Uint8Array, length: number = bytes) =>
      hmac(
        secret,
        Buffer.concat([
          Buffer.from([0, length, label.length + 6]),
          Buffer.from(`dtls13${label}`),
          Buffer.from([context.length]),
          context,
          Buffer.from([1]),
        ]),
      ).subarray(0, length);
    const empty = nodeDtlsCrypto.hash(hash, NOTHING);
    const hashes = [1, 2, 3].map((seed) => new Uint8Array(bytes).fill(seed));
    const shared = new Uint8Array(32).fill(7);

    for (const psk of [undefined, new Uint8Array(bytes).fill(9)]) {
      const early = hmac(new Uint8Array(bytes), psk ?? new Uint8Array(bytes));
      const handshake = hmac(expand(early, 'derived', empty), shared);
      const main = hmac(expand(handshake, 'derived', empty), new Uint8Array(bytes));

      test(`every secret with ${hash}, ${psk ? 'with' : 'without'} a PSK`, () => {
        const schedule = new KeySchedule13(nodeDtlsCrypto, hash, psk);
        equal(schedule.binderKey('res'), expand(early, 'res binder', empty));
        equal(schedule.binderKey('ext'), expand(early, 'ext binder', empty));
        const toServerHello = schedule.enterHandshake(shared.slice(), hashes[0]!);
        equal(toServerHello.client, expand(handshake, 'c hs traffic', hashes[0]!));
        equal(toServerHello.server, expand(handshake, 's hs traffic', hashes[0]!));
        const finishedKey = expand(toServerHello.client, 'finished', NOTHING);
        equal(schedule.finishedKey(toServerHello.client), finishedKey);
        equal(schedule.verifyData(toServerHello.client, hashes[1]!), hmac(finishedKey, hashes[1]!));
        const toFinished = schedule.enterMain(hashes[1]!);
        equal(toFinished.client, expand(main, 'c ap traffic', hashes[1]!));
        equal(toFinished.server, expand(main, 's ap traffic', hashes[1]!));
        equal(toFinished.exporter, expand(main, 'exp master', hashes[1]!));
        const resumption = schedule.resumption(hashes[2]!);
        equal(resumption, expand(main, 'res master', hashes[2]!));
        const nonce = new Uint8Array([4]);
        equal(schedule.resumptionPsk(resumption, nonce), expand(resumption, 'resumption', nonce));
        equal(
          KeySchedule13.nextGeneration(nodeDtlsCrypto, hash, toFinished.client),
          expand(toFinished.client, 'traffic upd', NOTHING),
        );
        // RFC 8446 §7.5
        const ofLabel = expand(toFinished.exporter, 'EXTRACTOR-dtls_srtp', empty);
        equal(
          schedule.exportKeyingMaterial('EXTRACTOR-dtls_srtp', undefined, 30),
          expand(ofLabel, 'exporter', empty, 30),
        );
        equal(
          schedule.exportKeyingMaterial('EXTRACTOR-dtls_srtp', new Uint8Array([1, 2]), 30),
          expand(ofLabel, 'exporter', nodeDtlsCrypto.hash(hash, new Uint8Array([1, 2])), 30),
        );
      });
    }
  }

  test('an output of several digests is the beginning of a longer one', () => {
    const secret = new Uint8Array(32).fill(5);
    const of = (length: number) => expandLabel(nodeDtlsCrypto, 'sha-256', secret, 'x', NOTHING, length);
    // The length is part of what is hashed, so only the plain expansion shows it: no output repeats another.
    assert.equal(of(100).length, 100);
    assert.notDeepEqual(of(100).slice(0, 32), of(32));
    assert.notDeepEqual(of(100).slice(0, 32), of(100).slice(32, 64));
  });

  test('the shared secret is wiped', () => {
    const secret = new Uint8Array(32).fill(7);
    new KeySchedule13(nodeDtlsCrypto, 'sha-256').enterHandshake(secret, new Uint8Array(32));
    assert.deepEqual(secret, new Uint8Array(32));
  });

  test('a step out of turn is our own mistake, and thrown', () => {
    const schedule = new KeySchedule13(nodeDtlsCrypto, 'sha-256');
    assert.throws(() => schedule.enterMain(new Uint8Array(32)));
    schedule.enterHandshake(undefined, new Uint8Array(32));
    assert.throws(() => schedule.binderKey('res'));
    assert.throws(() => schedule.resumption(new Uint8Array(32)));
  });
});

function same(actual: Uint8Array, expected: string): void {
  equal(actual, hex(expected));
}

function equal(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(Buffer.from(actual).toString('hex'), Buffer.from(expected).toString('hex'));
}
