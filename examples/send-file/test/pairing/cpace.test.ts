// Known answers: draft-irtf-cfrg-cpace-21, appendix "Test vector for CPace using group ristretto255 and hash SHA-512".
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  Cpace,
  confirmationOf,
  generatorOf,
  generatorString,
  isConfirmation,
  multiplyVerified,
  withLengths,
} from '../../src/pairing/cpace.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replace(/\s/g, ''), 'hex');
const text = (words: string): Uint8Array => Buffer.from(words);

const INPUTS = {
  password: text('Password'),
  channel: text('\x0bA_initiator\x0bB_responder'),
  session: hex('7e4b4791d6a8ef019b936c79fb7f2c57'),
};
const YA = 'da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08';
const YB = 'd2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d';
const SHARE_A = 'd6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157';
const SHARE_B = '3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258';
const ISK = `b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd
             2b38950a39dfd5d4a79164614c2984f7daa460b588c1e80c3fa2068af7900447`;

const toHex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes!).toString('hex');
/** A scalar of the draft's as the group takes it. */
const scalarOf = (little: string): bigint => BigInt(`0x${toHex(hex(little).toReversed())}`);

describe('draft-irtf-cfrg-cpace-21, ristretto255 and SHA-512', () => {
  test('strings are put behind their lengths', () => {
    assert.equal(
      toHex(withLengths(text('1234'), text('5'), text(''), text('678'))),
      '043132333401350003363738',
    );
    const long = Uint8Array.from({ length: 128 }, (_, i) => i);
    assert.equal(toHex(withLengths(long)), `8001${toHex(long)}`);
    assert.equal(toHex(withLengths(long.subarray(0, 127))), `7f${toHex(long.subarray(0, 127))}`);
  });

  test('calculate_generator', () => {
    const string = `11435061636552697374726574746f3235350850617373776f726464${'00'.repeat(100)}
      180b415f696e69746961746f720b425f726573706f6e646572107e4b4791d6a8ef019b936c79fb7f2c57`;
    assert.equal(toHex(generatorString(INPUTS)), toHex(hex(string)));
    assert.equal(
      toHex(generatorOf(INPUTS)),
      '222b6b195fe84b1652badb6f6a3ae3d24341e7306967f0b8115b40d5698c7e56',
    );
  });

  test('the messages of A and B, and the key at both', () => {
    const a = new Cpace('initiator', INPUTS, text('ADa'), hex(YA));
    const b = new Cpace('responder', INPUTS, text('ADb'), hex(YB));
    assert.equal(toHex(a.message.share), SHARE_A);
    assert.equal(toHex(b.message.share), SHARE_B);
    assert.equal(toHex(a.finish(b.message)), toHex(hex(ISK)));
    assert.equal(toHex(b.finish(a.message)), toHex(hex(ISK)));
  });

  test('secret points', () => {
    const k = '80b69a8a76457ab6a4d7f887a4bf6b55a2f80ac19c333f917a05fc9887c8b40f';
    assert.equal(toHex(multiplyVerified(scalarOf(YA), hex(SHARE_B))), k);
    assert.equal(toHex(multiplyVerified(scalarOf(YB), hex(SHARE_A))), k);
  });

  test('scalar_mult_vfy: a valid input, an encoding of nothing, and the neutral element', () => {
    const s = scalarOf('7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05');
    const x = '2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c';
    assert.equal(
      toHex(multiplyVerified(s, hex(x))),
      '7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e',
    );
    for (const invalid of [`2b${x.slice(2)}`, '00'.repeat(32)]) {
      assert.equal(multiplyVerified(s, hex(invalid)), undefined);
      const a = new Cpace('initiator', INPUTS, text(''));
      assert.equal(a.finish({ share: hex(invalid), data: text('') }), undefined);
    }
  });
});

describe('CPace', () => {
  const exchange = (one: Partial<typeof INPUTS>, other: Partial<typeof INPUTS>) => {
    const a = new Cpace('initiator', { ...INPUTS, ...one }, text('a'));
    const b = new Cpace('responder', { ...INPUTS, ...other }, text('b'));
    return { a, b, ofA: a.finish(b.message)!, ofB: b.finish(a.message)! };
  };

  test('gives both the same key, another one each time, and confirms it', () => {
    const [one, two] = [exchange({}, {}), exchange({}, {})];
    assert.deepEqual(one.ofA, one.ofB);
    assert.notDeepEqual(one.ofA, two.ofA);
    const { session } = INPUTS;
    const proof = confirmationOf(one.ofA, session, one.a.message);
    assert.ok(isConfirmation(proof, one.ofB, session, one.a.message));
    assert.ok(!isConfirmation(proof, one.ofB, session, one.b.message), 'a proof cannot be sent back');
    assert.ok(!isConfirmation(proof, two.ofB, session, one.a.message));
    assert.ok(!isConfirmation(proof.subarray(1), one.ofB, session, one.a.message));
  });

  test('gives different keys where password, channel, session or data differ', () => {
    for (const name of ['password', 'channel', 'session'] as const) {
      const { ofA, ofB } = exchange({}, { [name]: text('another') });
      assert.notDeepEqual(ofA, ofB, name);
    }
    const { a, b } = exchange({}, {});
    assert.notDeepEqual(a.finish({ ...b.message, data: text('c') }), b.finish(a.message));
  });

  test('takes no share that is none, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (share) => {
        const key = new Cpace('responder', INPUTS, text('')).finish({ share, data: text('') });
        assert.ok(key === undefined || (share.length === 32 && key.length === 64));
      }),
      { numRuns: 50 },
    );
  });
});
