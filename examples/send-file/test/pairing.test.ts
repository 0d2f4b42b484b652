import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isProof, proofOf, takePairing } from '../src/parcel/pairing.ts';

const INVITE = `http://127.0.0.1:1/rooms/${'a'.repeat(16)}#${'b'.repeat(40)}`;
const SECRET = 'c'.repeat(16);
const sdp = (value: string): string => `v=0\r\na=fingerprint:sha-256 ${value}\r\na=setup:active\r\n`;
const [ours, theirs, between] = [sdp('AA:01'), sdp('BB:02'), sdp('CC:03')];

describe('a pairing', () => {
  test('is found among the arguments, with and without a secret', () => {
    const positionals = ['x', `${INVITE}.${SECRET}`, 'y'];
    assert.deepEqual(takePairing({}, positionals), { invite: INVITE, token: undefined, secret: SECRET });
    assert.deepEqual(positionals, ['x', 'y']);
    assert.equal(takePairing({}, [INVITE]).secret, '');
    assert.equal(takePairing({ invite: `${INVITE}.${SECRET}` }, []).secret, SECRET);
    assert.deepEqual(takePairing({ token: `b.${SECRET}` }, []), {
      invite: undefined,
      token: 'b',
      secret: SECRET,
    });
  });

  test('draws a secret of its own where there is no invitation', () => {
    const secrets = Array.from({ length: 100 }, () => takePairing({}, ['x']).secret);
    for (const secret of secrets) assert.match(secret, /^[a-z2-9]{16}$/);
    assert.equal(new Set(secrets).size, 100);
  });

  test('is proven where both see the same certificates', () => {
    const proof = proofOf(SECRET, 'send', { local: ours, remote: theirs });
    const seen = { local: theirs, remote: ours };
    assert.ok(isProof(proof, SECRET, 'send', seen));
    assert.ok(
      !isProof(proof, SECRET, 'receive', seen),
      'the role is part of it: a proof cannot be sent back',
    );
    assert.ok(!isProof(proof, `d${SECRET.slice(1)}`, 'send', seen));
    assert.ok(!isProof(proof, SECRET, 'send', { local: theirs, remote: between }), 'somebody between');
    assert.ok(
      !isProof(proof, SECRET, 'send', { local: theirs, remote: ours + between }),
      'one more certificate',
    );
    for (const nothing of [undefined, '', 1, {}, proof.slice(1)])
      assert.ok(!isProof(nothing, SECRET, 'send', seen));
  });
});
