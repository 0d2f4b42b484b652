// Every handshake message codec: a round trip, every truncation, every length field wrong in each way.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Extensions } from '../../src/handshake/extensions.ts';
import { parseCertificate, writeCertificate } from '../../src/handshake/messages/certificate.ts';
import {
  parseCertificateRequest,
  writeCertificateRequest,
} from '../../src/handshake/messages/certificate-request.ts';
import {
  parseCertificateVerify,
  writeCertificateVerify,
} from '../../src/handshake/messages/certificate-verify.ts';
import { parseClientHello, writeClientHello } from '../../src/handshake/messages/client-hello.ts';
import {
  parseClientKeyExchange,
  writeClientKeyExchange,
} from '../../src/handshake/messages/client-key-exchange.ts';
import {
  parseHelloVerifyRequest,
  writeHelloVerifyRequest,
} from '../../src/handshake/messages/hello-verify-request.ts';
import { parseServerHello, writeServerHello } from '../../src/handshake/messages/server-hello.ts';
import {
  parseServerKeyExchange,
  writeServerKeyExchange,
} from '../../src/handshake/messages/server-key-exchange.ts';
import { type LengthField, sweepLengths, sweepTruncations } from '../fixtures/sweeps.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const random = fc.uint8Array({ minLength: 32, maxLength: 32 });
const sessionId = fc.uint8Array({ maxLength: 32 });
const numbers = fc.array(u16, { minLength: 1, maxLength: 40 });
const extensions: fc.Arbitrary<Extensions> = fc
  .array(fc.tuple(u16, fc.uint8Array({ maxLength: 60 })), { maxLength: 12 })
  .map((pairs) => new Map(pairs));

interface Codec<T> {
  readonly name: string;
  readonly values: fc.Arbitrary<T>;
  readonly write: (value: T) => Uint8Array;
  readonly parse: (body: Uint8Array) => T | undefined;
  readonly sample: T;
  readonly lengths: readonly LengthField[];
  /** Where a cut leaves a whole message: behind a hello without its list of extensions. */
  readonly mayEndAt?: readonly number[];
}

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i + 1);
const sampleExtensions: Extensions = new Map([
  [23, bytes(0)],
  [10, bytes(4)],
]);

function suite<T>(codec: Codec<T>): void {
  describe(`RFC 5246 §7.4 ${codec.name}`, () => {
    test('is read as it was written', () => {
      fc.assert(
        fc.property(codec.values, (value) => assert.deepEqual(codec.parse(codec.write(value)), value)),
      );
    });
    test('is refused at every truncation', () =>
      sweepTruncations(codec.write(codec.sample), codec.parse, codec.mayEndAt));
    test('is refused with a byte too many', () =>
      assert.equal(codec.parse(new Uint8Array([...codec.write(codec.sample), 0])), undefined));
    test('is not misread with any length field wrong', () =>
      sweepLengths(codec.write(codec.sample), codec.lengths, codec.parse));
    test('is read or refused, but never thrown at, whatever the bytes', () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (body) => void codec.parse(body)));
    });
  });
}

// Objects as the parsers make them.
const PLAIN = { noNullPrototype: true } as const;

suite({
  name: 'ClientHello',
  values: fc.record(
    {
      version: u16,
      random,
      sessionId,
      cookie: fc.uint8Array({ maxLength: 255 }),
      cipherSuites: numbers,
      compressionMethods: fc.array(u8, { minLength: 1, maxLength: 5 }),
      extensions,
    },
    PLAIN,
  ),
  write: writeClientHello,
  parse: parseClientHello,
  sample: {
    version: 0xfefd,
    random: bytes(32),
    sessionId: bytes(2),
    cookie: bytes(3),
    cipherSuites: [0xc02b, 0xc02f],
    compressionMethods: [0],
    extensions: sampleExtensions,
  },
  lengths: [
    { at: 34, width: 1 },
    { at: 37, width: 1 },
    { at: 41, width: 2 },
    { at: 47, width: 1 },
    { at: 49, width: 2 },
    { at: 53, width: 2 },
    { at: 57, width: 2 },
  ],
  mayEndAt: [49],
});

suite({
  name: 'ServerHello',
  values: fc.record(
    { version: u16, random, sessionId, cipherSuite: u16, compressionMethod: u8, extensions },
    PLAIN,
  ),
  write: writeServerHello,
  parse: parseServerHello,
  sample: {
    version: 0xfefd,
    random: bytes(32),
    sessionId: bytes(2),
    cipherSuite: 0xc02b,
    compressionMethod: 0,
    extensions: sampleExtensions,
  },
  lengths: [
    { at: 34, width: 1 },
    { at: 40, width: 2 },
    { at: 44, width: 2 },
    { at: 48, width: 2 },
  ],
  mayEndAt: [40],
});

suite({
  name: 'HelloVerifyRequest (RFC 6347 §4.2.1)',
  values: fc.record({ version: u16, cookie: fc.uint8Array({ maxLength: 255 }) }, PLAIN),
  write: writeHelloVerifyRequest,
  parse: parseHelloVerifyRequest,
  sample: { version: 0xfeff, cookie: bytes(20) },
  lengths: [{ at: 2, width: 1 }],
});

suite({
  name: 'Certificate',
  values: fc.array(fc.uint8Array({ minLength: 1, maxLength: 900 }), { maxLength: 3 }),
  write: writeCertificate,
  parse: parseCertificate,
  sample: [bytes(5), bytes(3)],
  lengths: [
    { at: 0, width: 3 },
    { at: 3, width: 3 },
    { at: 11, width: 3 },
  ],
});

suite({
  name: 'ServerKeyExchange (RFC 8422 §5.4)',
  values: fc.record(
    {
      group: u16,
      publicKey: fc.uint8Array({ minLength: 1, maxLength: 255 }),
      scheme: u16,
      signature: fc.uint8Array({ maxLength: 600 }),
    },
    PLAIN,
  ),
  write: writeServerKeyExchange,
  parse: parseServerKeyExchange,
  sample: { group: 29, publicKey: bytes(32), scheme: 0x0403, signature: bytes(70) },
  lengths: [
    { at: 3, width: 1 },
    { at: 38, width: 2 },
  ],
});

suite({
  name: 'CertificateRequest',
  values: fc.record({ types: fc.array(u8, { minLength: 1, maxLength: 8 }), schemes: numbers }, PLAIN),
  write: writeCertificateRequest,
  parse: parseCertificateRequest,
  sample: { types: [64, 1], schemes: [0x0403, 0x0401] },
  lengths: [
    { at: 0, width: 1 },
    { at: 3, width: 2 },
    { at: 9, width: 2 },
  ],
});

suite({
  name: 'ClientKeyExchange (RFC 8422 §5.7)',
  values: fc.uint8Array({ minLength: 1, maxLength: 255 }),
  write: writeClientKeyExchange,
  parse: parseClientKeyExchange,
  sample: bytes(32),
  lengths: [{ at: 0, width: 1 }],
});

suite({
  name: 'CertificateVerify',
  values: fc.record({ scheme: u16, signature: fc.uint8Array({ maxLength: 600 }) }, PLAIN),
  write: writeCertificateVerify,
  parse: parseCertificateVerify,
  sample: { scheme: 0x0403, signature: bytes(71) },
  lengths: [{ at: 2, width: 2 }],
});

describe('RFC 5246 §7.4.1.4 hello extensions', () => {
  const hello = (list: readonly number[]): Uint8Array =>
    new Uint8Array([
      ...writeClientHello({
        version: 0xfefd,
        random: bytes(32),
        sessionId: bytes(0),
        cookie: bytes(0),
        cipherSuites: [1],
        compressionMethods: [0],
        extensions: new Map(),
      }).slice(0, -2),
      ...list,
    ]);

  test('the list may be missing', () => {
    assert.equal(parseClientHello(hello([]))?.extensions.size, 0);
  });

  test('two of one type are refused', () => {
    assert.equal(parseClientHello(hello([0, 8, 0, 23, 0, 0, 0, 23, 0, 0])), undefined);
    assert.equal(parseClientHello(hello([0, 8, 0, 23, 0, 0, 0, 24, 0, 0]))?.extensions.size, 2);
  });

  test('a session id longer than 32 bytes is refused', () => {
    const long = {
      version: 0xfefd,
      random: bytes(32),
      sessionId: bytes(33),
      cipherSuite: 1,
      compressionMethod: 0,
      extensions: new Map(),
    };
    assert.equal(parseServerHello(writeServerHello(long)), undefined);
  });
});

describe('RFC 5246 §7.4.4 certificate authorities', () => {
  test('are skipped, but must be well formed', () => {
    const request = (authorities: readonly number[]): Uint8Array =>
      new Uint8Array([1, 64, 0, 2, 4, 3, 0, authorities.length, ...authorities]);
    assert.deepEqual(parseCertificateRequest(request([0, 2, 9, 9, 0, 1, 7])), {
      types: [64],
      schemes: [0x0403],
    });
    assert.equal(parseCertificateRequest(request([0, 3, 9, 9])), undefined);
    assert.equal(parseCertificateRequest(request([0, 0])), undefined);
  });
});
