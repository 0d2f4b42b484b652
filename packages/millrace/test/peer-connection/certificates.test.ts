// Certificates of a connection: kinds, several at a time, fingerprints, PEM, rotation, and what never shows of them.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  exportCertificate,
  generateCertificate,
  importCertificate,
  RTCCertificate,
  type RTCConfiguration,
  RTCPeerConnection,
} from 'millrace';
import { selfSignedCertificate } from '../../src/x509.ts';
import { connectedPair, LOOPBACK } from './pair.ts';

const DAY = 86_400_000;
const KINDS = {
  'ECDSA on P-256': { name: 'ECDSA', namedCurve: 'P-256' },
  'RSA of 2048 bits': { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, hash: 'SHA-256' },
  Ed25519: { name: 'Ed25519' },
};

function connectedOverLoopback(a: RTCConfiguration, b: RTCConfiguration) {
  const over = (given: RTCConfiguration): RTCConfiguration => ({
    ...given,
    millrace: { ...LOOPBACK.millrace, ...given.millrace },
  });
  return connectedPair(over(a), over(b));
}

/** What the other side has shown. */
function remoteFingerprint(pc: RTCPeerConnection): string {
  const [der] = pc.sctp!.transport.getRemoteCertificates();
  return createHash('sha256')
    .update(new Uint8Array(der!))
    .digest('hex')
    .replace(/..(?=.)/g, '$&:');
}

async function offerOf(configuration: RTCConfiguration): Promise<string[]> {
  const pc = new RTCPeerConnection(configuration);
  pc.createDataChannel('x');
  const { sdp = '' } = await pc.createOffer();
  pc.close();
  return [...sdp.matchAll(/a=fingerprint:(.*)\r/g)].map(([, line]) => line!);
}

describe('W3C webrtc-pc §4.9 certificates of a connection', () => {
  for (const [kind, algorithm] of Object.entries(KINDS)) {
    test(`${kind}: two peers connect, each seeing what signaling named`, async () => {
      const [ours, theirs] = [await generateCertificate(algorithm), await generateCertificate(algorithm)];
      const { a, b, close } = await connectedOverLoopback(
        { certificates: [ours] },
        { certificates: [theirs] },
      );
      assert.equal(remoteFingerprint(a), theirs.getFingerprints()[0]!.value);
      assert.equal(remoteFingerprint(b), ours.getFingerprints()[0]!.value);
      close();
    });
  }

  test('of several certificates one is shown that the peer takes, and every one is named', async () => {
    const rsa = await generateCertificate(KINDS['RSA of 2048 bits']);
    const ecdsa = await generateCertificate('ECDSA');
    const lines = await offerOf({ certificates: [ecdsa, rsa] });
    assert.deepEqual(
      lines,
      [rsa, ecdsa].map((one) => `sha-256 ${one.getFingerprints()[0]!.value!.toUpperCase()}`),
    );
    const { b, close } = await connectedOverLoopback({ certificates: [rsa, ecdsa] }, {});
    assert.equal(remoteFingerprint(b), rsa.getFingerprints()[0]!.value);
    close();
  });

  test('a certificate that has expired makes no connection', async () => {
    const certificate = await generateCertificate({ name: 'ECDSA', namedCurve: 'P-256', expires: 0 });
    assert.throws(() => new RTCPeerConnection({ certificates: [certificate] }), {
      name: 'InvalidAccessError',
    });
  });
});

describe('RFC 8122 §5 fingerprints by several hash functions', () => {
  test('each is told in a line of its own, the preferred one last', async () => {
    const certificate = await generateCertificate('ECDSA');
    const lines = await offerOf({
      certificates: [certificate],
      millrace: { fingerprintHashes: ['sha-256', 'sha-512', 'sha-384'] },
    });
    assert.deepEqual(
      lines.map((line) => line.split(' ')[0]),
      ['sha-384', 'sha-512', 'sha-256'],
    );
    assert.equal(lines[2], `sha-256 ${certificate.getFingerprints()[0]!.value!.toUpperCase()}`);
  });

  for (const hashes of [['sha-256'], ['sha-384'], ['sha-512'], ['sha-256', 'sha-384', 'sha-512']] as const) {
    test(`a connection opens with ${hashes.join(', ')}`, async () => {
      const millrace = { fingerprintHashes: hashes };
      const { a, close } = await connectedOverLoopback({ millrace }, { millrace });
      assert.equal(a.connectionState, 'connected');
      close();
    });
  }

  test('no other hash functions are taken: SHA-1 neither', () => {
    for (const fingerprintHashes of [['sha-1'], [], ['md5']])
      assert.throws(() => new RTCPeerConnection({ millrace: { fingerprintHashes } } as never), TypeError);
  });
});

describe('certificates in PEM', () => {
  for (const [kind, algorithm] of Object.entries(KINDS)) {
    test(`${kind}: what was exported is imported as the same, and connects`, async () => {
      const certificate = await generateCertificate(algorithm);
      const pem = exportCertificate(certificate);
      assert.match(pem.certificate, /^-----BEGIN CERTIFICATE-----/);
      assert.match(pem.privateKey, /^-----BEGIN PRIVATE KEY-----/);
      const again = importCertificate(pem);
      assert.ok(again instanceof RTCCertificate);
      assert.deepEqual(again.getFingerprints(), certificate.getFingerprints());
      assert.ok(Math.abs(again.expires - certificate.expires) < 1000);
      const { b, close } = await connectedOverLoopback({ certificates: [again] }, {});
      assert.equal(remoteFingerprint(b), certificate.getFingerprints()[0]!.value);
      close();
    });
  }

  test('keys of other forms are read, encrypted ones with their passphrase', () => {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const certificate = pemOf(keys, Date.now() - DAY, Date.now() + DAY);
    const sec1 = keys.privateKey.export({ type: 'sec1', format: 'pem' }) as string;
    assert.ok(importCertificate({ certificate, privateKey: sec1 }));
    const encrypted = keys.privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'open sesame',
    }) as string;
    assert.ok(importCertificate({ certificate, privateKey: encrypted, passphrase: 'open sesame' }));
    for (const passphrase of ['close sesame', undefined])
      assert.throws(
        () => importCertificate({ certificate, privateKey: encrypted, ...(passphrase && { passphrase }) }),
        {
          name: 'SyntaxError',
        },
      );
  });

  test('what does not fit together, is broken, of another kind, expired or for later is refused', async () => {
    const pem = exportCertificate(await generateCertificate('ECDSA'));
    const other = exportCertificate(await generateCertificate('ECDSA'));
    const unusual = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const now = Date.now();
    const cases: Array<[given: { certificate: string; privateKey: string }, name: string]> = [
      [{ certificate: pem.certificate, privateKey: other.privateKey }, 'InvalidAccessError'],
      [{ certificate: 'nothing', privateKey: pem.privateKey }, 'SyntaxError'],
      [{ certificate: pem.certificate, privateKey: 'nothing' }, 'SyntaxError'],
      [{ certificate: pem.certificate, privateKey: pem.certificate }, 'SyntaxError'],
      [
        { certificate: pemOf(unusual, now - DAY, now + DAY), privateKey: keyPem(unusual) },
        'NotSupportedError',
      ],
      [{ certificate: pemOf(weak, now - DAY, now + DAY), privateKey: keyPem(weak) }, 'NotSupportedError'],
      [
        { certificate: pemOf(p256, now - 2 * DAY, now - DAY), privateKey: keyPem(p256) },
        'InvalidAccessError',
      ],
      [
        { certificate: pemOf(p256, now + DAY, now + 2 * DAY), privateKey: keyPem(p256) },
        'InvalidAccessError',
      ],
    ];
    for (const [given, name] of cases) assert.throws(() => importCertificate(given), { name });
  });
});

describe('rotation of certificates', () => {
  test('new connections take the new one while the old ones stay', async () => {
    const [old, fresh] = [await generateCertificate('ECDSA'), await generateCertificate('ECDSA')];
    const first = await connectedOverLoopback({ certificates: [old] }, {});
    const second = await connectedOverLoopback({ certificates: [fresh] }, {});
    assert.equal(first.a.connectionState, 'connected');
    assert.equal(remoteFingerprint(first.b), old.getFingerprints()[0]!.value);
    assert.equal(remoteFingerprint(second.b), fresh.getFingerprints()[0]!.value);
    // W3C webrtc-pc §4.4.1.6: those of one connection are fixed.
    assert.throws(() => first.a.setConfiguration({ certificates: [fresh] }), {
      name: 'InvalidModificationError',
    });
    first.close();
    second.close();
  });
});

describe('private keys do not show', () => {
  test('neither inspecting nor serialising a certificate or a connection tells the key', async () => {
    for (const algorithm of Object.values(KINDS)) {
      const certificate = await generateCertificate(algorithm);
      const pem = exportCertificate(certificate);
      const secret = Buffer.from(pem.privateKey.replace(/-----.*-----|\s/g, ''), 'base64').subarray(-24);
      const pc = new RTCPeerConnection({ certificates: [certificate] });
      for (const thing of [certificate, pc, pc.getConfiguration(), { nested: [certificate] }]) {
        const shown = `${inspect(thing, { depth: Infinity, showHidden: true, maxArrayLength: null })}${JSON.stringify(thing)}${String(thing)}`;
        assert.equal(shown.includes(secret.toString('hex')), false);
        assert.equal(shown.includes(secret.toString('base64').slice(0, 16)), false);
        assert.equal(shown.includes([...secret].join(', ')), false);
        assert.doesNotMatch(shown, /PRIVATE KEY/);
      }
      pc.close();
    }
  });

  test('an error about a broken key says nothing of it', async () => {
    const pem = exportCertificate(await generateCertificate('ECDSA'));
    const lines = pem.privateKey.split('\n');
    const broken = lines.with(1, lines[1]!.slice(0, -8)).join('\n');
    try {
      importCertificate({ ...pem, privateKey: broken });
      assert.fail('it was taken');
    } catch (error) {
      assert.equal(
        inspect(error, { depth: Infinity, showHidden: true }).includes(lines[1]!.slice(0, 16)),
        false,
      );
    }
  });
});

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function pemOf(keys: Keys, notBefore: number, notAfter: number): string {
  const fields = { serialNumber: Uint8Array.of(1), commonName: 'test', notBefore, notAfter };
  return new X509Certificate(selfSignedCertificate(keys, fields)).toString();
}

function keyPem({ privateKey }: Keys): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}
