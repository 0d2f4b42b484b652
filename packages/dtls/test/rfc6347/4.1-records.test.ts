import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CIPHER_SUITES } from '../../src/cipher-suites.ts';
import type { DropReason } from '../../src/index.ts';
import { nodeDtlsCrypto } from '../../src/node-crypto.ts';
import {
  CONTENT_TYPE,
  MAX_PLAINTEXT_BYTES,
  recordEpoch,
  recordLength,
  recordSequence,
  recordType,
  recordVersion,
  writeRecordHeader,
} from '../../src/record/header.ts';
import { RecordLayer } from '../../src/record/layer.ts';
import { AeadRecordProtection, type RecordProtection } from '../../src/record/protection.ts';
import { type Connections, connected, connections, deliver, sealed } from '../fixtures/connections.ts';
import { hex, record } from '../fixtures/records.ts';

describe('RFC 6347 §4.1 record header', () => {
  test('is read as it was written, sequence numbers up to 2^48 - 1', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 0, max: 65_535 }),
        fc.integer({ min: 0, max: 65_535 }),
        fc.integer({ min: 0, max: 2 ** 48 - 1 }),
        fc.integer({ min: 0, max: 65_535 }),
        (type, version, epoch, sequence, length) => {
          const bytes = new Uint8Array(15);
          writeRecordHeader(bytes, 1, type, version, epoch, sequence, length);
          assert.deepEqual(
            [
              recordType(bytes, 1),
              recordVersion(bytes, 1),
              recordEpoch(bytes, 1),
              recordSequence(bytes, 1),
              recordLength(bytes, 1),
            ],
            [type, version, epoch, sequence, length],
          );
          assert.equal(bytes[0]! + bytes[14]!, 0);
        },
      ),
    );
  });

  test('has the layout of the RFC', () => {
    const bytes = new Uint8Array(13);
    writeRecordHeader(bytes, 0, 23, 0xfefd, 1, 0x0203_0405_0607, 0x0809);
    assert.deepEqual(bytes, hex('17 fefd 0001 020304050607 0809'));
  });
});

describe('RFC 6347 §4.1 records that are not for us', () => {
  function dropped(all: Connections, datagram: Uint8Array): DropReason[] {
    const before = { ...all.server.drops };
    deliver(all.server, all.fromServer, datagram);
    const reasons = Object.keys(before) as DropReason[];
    return reasons.filter((reason) => all.server.drops[reason] > before[reason]);
  }

  const cases: Array<[name: string, datagram: Uint8Array, reason: DropReason]> = [
    ['a datagram shorter than a header', hex('17fefd0001'), 'truncated-record'],
    ['a length that exceeds the datagram', hex('17fefd0001000000000001 0020 00'), 'truncated-record'],
    ['a version that is not DTLS', record(23, hex('00'), { version: 0x0303, epoch: 1 }), 'bad-version'],
    ['an unknown content type', record(24, hex('00'), { epoch: 1 }), 'unknown-content-type'],
    ['an epoch that is not reached', record(23, hex('00'), { epoch: 2 }), 'unknown-epoch'],
    ['plaintext after the handshake', record(22, hex('00')), 'old-epoch'],
    ['a record too short to be protected', record(23, hex('00'), { epoch: 1, sequence: 9 }), 'bad-mac'],
    ['a record without a key', record(23, new Uint8Array(64), { epoch: 1, sequence: 9 }), 'bad-mac'],
    ['a record longer than 2^14 + 2048', record(23, new Uint8Array(18_433), { epoch: 1 }), 'record-too-long'],
  ];
  for (const [name, datagram, reason] of cases) {
    test(`${name} is dropped as ${reason} and disturbs nothing`, () => {
      const all = connected();
      assert.deepEqual(dropped(all, datagram), [reason]);
      assert.equal(all.server.state, 'connected');
      deliver(all.server, all.fromServer, sealed(all.client, 'still here'));
      assert.deepEqual(all.fromServer.messages, ['still here']);
      assert.deepEqual(all.server.drops[reason], 1);
    });
  }

  test('every truncation of a good record is dropped, and the record itself still opens', () => {
    const all = connected();
    const good = sealed(all.client, 'whole');
    for (let length = 1; length < good.length; length++) {
      assert.deepEqual(dropped(all, good.subarray(0, length)), ['truncated-record']);
    }
    deliver(all.server, all.fromServer, good);
    assert.deepEqual(all.fromServer.messages, ['whole']);
  });

  test('a wrong length in the header is a drop, whether it is 0, one more, one less or the most', () => {
    const all = connected();
    const good = sealed(all.client, 'whole');
    const length = recordLength(good, 0);
    for (const wrong of [0, 1, length - 1, length + 1, 0xffff]) {
      const changed = good.slice();
      changed[11] = wrong >> 8;
      changed[12] = wrong;
      assert.equal(dropped(all, changed).length > 0, true);
    }
    assert.deepEqual(all.fromServer.messages, []);
  });

  test('a change of any byte of a record is a drop', () => {
    const all = connected();
    const good = sealed(all.client, 'whole');
    for (let i = 0; i < good.length; i++) {
      const changed = good.slice();
      changed[i] = changed[i]! ^ 0x80;
      assert.equal(dropped(all, changed).length, 1, `byte ${i}`);
    }
    deliver(all.server, all.fromServer, good);
    assert.deepEqual(all.fromServer.messages, ['whole']);
  });

  test('a bad record does not take the good ones in its datagram with it', () => {
    const all = connected();
    const bad = sealed(all.client, 'bad');
    bad[bad.length - 1] = bad.at(-1)! ^ 1;
    const datagram = new Uint8Array([...sealed(all.client, 'one'), ...bad, ...sealed(all.client, 'two')]);
    assert.deepEqual(dropped(all, datagram), ['bad-mac']);
    assert.deepEqual(all.fromServer.messages, ['one', 'two']);
  });
});

describe('RFC 6347 §4.1 sequence numbers', () => {
  const suite = CIPHER_SUITES.get(0xc02b)!;

  function layer(limit: number): RecordLayer {
    const records = new RecordLayer({ recordLimit: limit, forgeryLimit: 10, epochRetention: 1000 });
    const protection = (): RecordProtection =>
      new AeadRecordProtection(
        suite,
        nodeDtlsCrypto.createAeadKey('aes-128-gcm', new Uint8Array(16)),
        hex('01020304'),
      );
    records.protect({ sealing: protection(), opening: protection() });
    return records;
  }

  test('are never used twice in an epoch: when they are used up, nothing more is written', () => {
    const records = layer(3);
    const out = new Uint8Array(64);
    const lengths = [0, 1, 2, 3].map(() => records.write(out, 0, 1, 23, 0xfefd, 4));
    assert.deepEqual(lengths, [41, 41, 41, 0]);
  });

  test('each epoch counts its own', () => {
    const records = layer(10);
    const out = new Uint8Array(64);
    records.write(out, 0, 0, 22, 0xfefd, 4);
    records.write(out, 0, 0, 22, 0xfefd, 4);
    assert.equal(recordSequence(out, 0), 1);
    records.write(out, 0, 1, 23, 0xfefd, 4);
    assert.equal(recordSequence(out, 0), 0);
  });

  test('a connection whose numbers run out closes itself and still says so to the peer', () => {
    const all = connected({ client: { recordLimit: 4 } }); // Finished takes the first, the alert needs the last
    assert.equal(sealed(all.client, 'one').length > 0, true);
    assert.equal(sealed(all.client, 'two').length > 0, true);
    assert.equal(sealed(all.client, 'three').length, 0);
    all.pair.run(100);
    assert.deepEqual(all.fromClient.closed, { by: 'local', code: 'sequence-exhausted', alert: 0 });
    assert.deepEqual(all.fromServer.closed, { by: 'remote', code: 'close-notify', alert: 0 });
  });
});

describe('RFC 6347 §4.1.2 protection of the payload', () => {
  const header = hex('17 fefd 0001 00000000002a 0000');
  const plaintext = hex('cafe00');

  function reference(
    name: 'aes-128-gcm' | 'chacha20-poly1305',
    key: Uint8Array,
    nonce: Uint8Array,
  ): Uint8Array {
    // RFC 5246 §6.2.3.3 and RFC 6347 §4.1.2.1: epoch and sequence number, type, version, length of the plaintext.
    const aad = hex('0001 00000000002a 17 fefd 0003');
    const cipher = createCipheriv(name as 'aes-128-gcm', key, nonce, { authTagLength: 16 });
    cipher.setAAD(aad);
    return new Uint8Array([...cipher.update(plaintext), ...cipher.final(), ...cipher.getAuthTag()]);
  }

  function sealedBy(id: number, key: Uint8Array, fixedNonce: Uint8Array): Uint8Array {
    const suite = CIPHER_SUITES.get(id)!;
    const protection = new AeadRecordProtection(
      suite,
      nodeDtlsCrypto.createAeadKey(suite.aead, key),
      fixedNonce,
    );
    const out = new Uint8Array(64);
    out.set(header);
    out.set(plaintext, protection.headroom);
    return out.slice(0, protection.seal(out, 0, plaintext.length));
  }

  test('RFC 5288 §3: the nonce of GCM is the salt and the explicit nonce, which is epoch and sequence number', () => {
    const key = new Uint8Array(16).fill(7);
    const expected = reference('aes-128-gcm', key, hex('01020304 0001 00000000002a'));
    const explicit = hex('000100000000002a');
    assert.deepEqual(
      sealedBy(0xc02b, key, hex('01020304')),
      new Uint8Array([...hex('17 fefd 0001 00000000002a 001b'), ...explicit, ...expected]),
    );
  });

  test('RFC 7905 §2: the nonce of ChaCha20-Poly1305 is the padded sequence number XORed with the key block', () => {
    const key = new Uint8Array(32).fill(7);
    const fixed = hex('a0a1a2a3 a4a5a6a7 a8a9aaab');
    const nonce = hex('a0a1a2a3 a4a4a6a7 a8a9aa81'); // ...a5 ^ 01 and ...ab ^ 2a
    const expected = reference('chacha20-poly1305', key, nonce);
    assert.deepEqual(
      sealedBy(0xcca9, key, fixed),
      new Uint8Array([...hex('17 fefd 0001 00000000002a 0013'), ...expected]),
    );
  });

  for (const suite of CIPHER_SUITES.values()) {
    test(`${suite.name}: what is sealed opens again at any length`, () => {
      const key = new Uint8Array(suite.keyBytes).fill(3);
      const protection = new AeadRecordProtection(
        suite,
        nodeDtlsCrypto.createAeadKey(suite.aead, key),
        new Uint8Array(suite.fixedNonceBytes).fill(5),
      );
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 300 }),
          fc.integer({ min: 0, max: 2 ** 48 - 1 }),
          (text, sequence) => {
            const out = new Uint8Array(3 + protection.headroom + text.length + 16 + 3);
            writeRecordHeader(out, 3, 23, 0xfefd, 1, sequence, 0);
            out.set(text, 3 + protection.headroom);
            const end = 3 + protection.seal(out, 3, text.length);
            assert.equal(recordLength(out, 3), end - 16);
            assert.equal(protection.open(out, 3, end), true);
            assert.deepEqual(out.slice(3 + protection.headroom, end - 16), text);
          },
        ),
        { numRuns: 50 },
      );
    });
  }
});

describe('RFC 5246 §6.2.1 application data', () => {
  test('an empty record is legal and tells nothing', () => {
    const all = connected();
    deliver(all.server, all.fromServer, sealed(all.client, ''));
    assert.deepEqual(all.fromServer.messages, []);
    assert.deepEqual(all.server.drops['bad-mac'], 0);
  });

  test('a record of 2^14 bytes goes through, one more is refused before anything happens', () => {
    const all = connected();
    deliver(all.server, all.fromServer, sealed(all.client, 'x'.repeat(MAX_PLAINTEXT_BYTES)));
    assert.equal(all.fromServer.messages[0]?.length, MAX_PLAINTEXT_BYTES);
    assert.throws(() => sealed(all.client, 'x'.repeat(MAX_PLAINTEXT_BYTES + 1)), {
      code: 'RECORD_TOO_LARGE',
    });
    assert.throws(() => all.client.seal(new Uint8Array(30), 0, 20), { code: 'RECORD_TOO_LARGE' });
  });

  test('in the clear it is dropped, while the handshake runs as well', () => {
    const all = connections();
    deliver(all.server, all.fromServer, record(CONTENT_TYPE.applicationData, hex('414243')));
    assert.equal(all.server.drops['plaintext-application-data'], 1);
    all.pair.run(100);
    deliver(all.server, all.fromServer, record(CONTENT_TYPE.applicationData, hex('414243')));
    assert.equal(all.server.drops['old-epoch'], 1);
    assert.deepEqual(all.fromServer.messages, []);
  });

  test('room in front and behind is known once connected, and fits a datagram of the MTU', () => {
    const gcm = connected();
    assert.deepEqual([gcm.client.headroom, gcm.client.tailroom, gcm.client.maxPlaintext], [21, 16, 1163]);
    assert.equal(sealed(gcm.client, 'x'.repeat(1163)).length, 1200);
    const chacha = connected({ client: { cipherSuites: [0xcca9] } });
    assert.deepEqual(
      [chacha.client.headroom, chacha.client.tailroom, chacha.client.maxPlaintext],
      [13, 16, 1171],
    );
  });
});
