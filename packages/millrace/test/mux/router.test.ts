import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { UdpMuxError } from 'millrace';
import { MuxMember } from '../../src/mux/router.ts';
import { check, from, PASSWORD, RECORD, recorder, response, routed } from './routed.ts';

describe('one UDP port for many connections: who gets what', () => {
  test('a check goes by the fragment in it, and what else its sender sends follows once the check is verified', () => {
    const mux = routed();
    const [a, b] = [recorder(mux, 'aaaa'), recorder(mux, 'bbbb')];
    a.verified.add(1);
    b.verified.add(2);
    mux.give(RECORD, from(1)); // too early
    mux.give(check('aaaa:peer'), from(1));
    mux.give(check('bbbb:peer'), from(2));
    for (const port of [1, 2, 1, 3]) mux.give(RECORD, from(port));
    mux.socket.endBatch();
    assert.deepEqual(a.seen.slice(1), ['1:50', '1:50', '|']);
    assert.deepEqual(b.seen.slice(1), ['2:50', '|']);
    assert.equal(mux.router.drops.counts['unknown-address'], 2);
    assert.equal(mux.router.boundAddresses, 2);
  });

  test('a batch ends for those who have got something in it, and for no other', () => {
    const mux = routed();
    const all = Array.from({ length: 1_000 }, (_, i) => recorder(mux, `fragment${i}`));
    for (let i = 0; i < 1_000; i += 2) {
      mux.give(check(`fragment${i}:peer`), from(i + 1));
      mux.give(check(`fragment${i}:peer`), from(i + 1));
    }
    mux.socket.endBatch();
    mux.socket.endBatch();
    for (const [i, { seen }] of all.entries())
      assert.equal(seen.filter((each) => each === '|').length, i % 2 === 0 ? 1 : 0);
  });

  test('a fragment that is guessed binds nothing: the address is bound by a verified check alone', () => {
    const mux = routed();
    const a = recorder(mux, 'aaaa');
    mux.give(check('aaaa:peer', 'guessguessguessguessguess'), from(1));
    mux.give(RECORD, from(1));
    assert.equal(a.seen.length, 1, 'the check itself, for the agent to refuse');
    assert.equal(mux.router.boundAddresses, 0);
    assert.equal(mux.router.drops.counts['unknown-address'], 1);
  });

  test('responses go by the transaction that they answer, each once', () => {
    const mux = routed();
    const [a, b] = [recorder(mux, 'aaaa'), recorder(mux, 'bbbb')];
    mux.router.expect(a.place, check('peer:aaaa', PASSWORD, 7), 0);
    mux.router.expect(b.place, check('peer:bbbb', PASSWORD, 8), 0);
    b.verified.add(9);
    mux.give(response(8), from(9));
    mux.give(RECORD, from(9));
    mux.give(response(7), from(5)); // not verified: the response was wrong
    mux.give(response(7), from(5));
    assert.deepEqual([a.seen, b.seen.slice(1)], [['5:20'], ['9:50']]);
    assert.equal(mux.router.drops.counts['unknown-transaction'], 1);
    assert.equal(mux.router.transactions, 0);
  });

  test('a connection that leaves takes its fragments, addresses and transactions along', () => {
    const mux = routed();
    const a = recorder(mux, 'aaaa');
    mux.router.join(a.member, 'next');
    a.verified.add(1);
    mux.give(check('aaaa:peer'), from(1));
    mux.give(check('next:peer'), from(1));
    mux.router.expect(a.place, check('peer:aaaa', PASSWORD, 3), 0);
    mux.router.leave(a.member);
    assert.equal(mux.router.boundAddresses, 0);
    assert.equal(mux.router.members.size, 0);
    a.seen.length = 0;
    for (const bytes of [check('aaaa:peer'), check('next:peer'), RECORD, response(3)])
      mux.give(bytes, from(1));
    assert.deepEqual(a.seen, []);
    assert.equal(mux.router.drops.counts['unknown-ufrag'], 2);
    recorder(mux, 'aaaa'); // free again
  });

  test('what one connection throws does not keep the others from theirs', () => {
    const mux = routed();
    const [a, b] = [recorder(mux, 'aaaa'), recorder(mux, 'bbbb')];
    a.place.handlers.onBatchEnd = () => {
      throw new Error('a');
    };
    mux.give(check('aaaa:peer'), from(1));
    mux.give(check('bbbb:peer'), from(2));
    mux.socket.endBatch();
    assert.deepEqual(b.seen.slice(1), ['|']);
    assert.equal(mux.thrown.length, 1);
  });
});

describe('one UDP port for many connections: hostile datagrams', () => {
  test('no bytes throw, bind an address or leave a trace beyond a counted drop', () => {
    const good = check('aaaa:peer');
    const damaged = fc
      .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 })
      .map((changes) => {
        const bytes = good.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        return bytes;
      });
    const cut = fc.nat(good.length).map((length) => good.slice(0, length));
    const any = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(fc.array(fc.oneof(damaged, cut, any), { maxLength: 20 }), (datagrams) => {
        const mux = routed({ maxHeldRequests: 4 }, () => true);
        recorder(mux, 'aaaa');
        for (const bytes of datagrams) mux.give(bytes, from(1));
        mux.socket.endBatch();
        assert(mux.router.heldChecks <= 4);
        assert.equal(mux.router.boundAddresses, 0);
        assert.deepEqual(mux.thrown, []);
      }),
    );
  });

  test('a connection keeps the address it is connected to, though another one has proven to be there', () => {
    const mux = routed({ addressHold: 1_000 });
    const [a, b] = [recorder(mux, 'aaaa'), recorder(mux, 'bbbb')];
    a.verified.add(1);
    b.verified.add(1);
    mux.give(check('aaaa:peer'), from(1));
    mux.clock.now = 999;
    mux.give(check('bbbb:peer'), from(1));
    mux.give(RECORD, from(1));
    assert.equal(a.seen.length, 2);
    assert.equal(mux.router.drops.counts['address-in-use'], 1);
    mux.clock.now = 1_000; // nobody has checked for `aaaa` since: the address is another's now
    mux.give(check('bbbb:peer'), from(1));
    mux.give(RECORD, from(1));
    assert.equal(a.seen.length, 2);
    assert.equal(b.seen.length, 3);
    assert.equal(mux.router.boundAddresses, 1);
    mux.router.leave(a.member);
    mux.give(RECORD, from(1));
    assert.equal(b.seen.length, 4);
  });
});

describe('RFC 8445 §6.1.1 two lite agents on a shared port', () => {
  test('an address that no check can prove is taken if it is free, and given up to whoever proves to be there', () => {
    const mux = routed();
    const [a, b] = [recorder(mux, 'aaaa'), recorder(mux, 'bbbb')];
    mux.router.claim(a.place, mux.socket.number, from(1));
    mux.router.claim(b.place, mux.socket.number, from(1));
    mux.give(RECORD, from(1));
    assert.deepEqual([a.seen.length, b.seen.length], [1, 0]);
    b.verified.add(1);
    mux.give(check('bbbb:peer'), from(1));
    mux.give(RECORD, from(1));
    assert.deepEqual([a.seen.length, b.seen.length], [1, 2]);
    mux.router.claim(a.place, mux.socket.number, from(1));
    mux.give(RECORD, from(1));
    assert.equal(b.seen.length, 3);
  });
});

describe('one UDP port for many connections: caps', () => {
  test('a fragment that is in use, and a connection too many, are refused before anything changes', () => {
    const mux = routed({ maxConnections: 2 });
    const a = recorder(mux, 'aaaa');
    assert.throws(() => recorder(mux, 'aaaa'), { code: 'DUPLICATE_UFRAG' });
    assert.equal(mux.router.members.size, 1);
    mux.give(check('aaaa:peer'), from(1));
    assert.equal(a.seen.length, 1);
    recorder(mux, 'bbbb');
    assert.throws(
      () => mux.router.join(new MuxMember(() => {}), 'cccc'),
      (error: UdpMuxError) => error.code === 'TOO_MANY_CONNECTIONS',
    );
    assert.equal(mux.router.members.size, 2);
    mux.router.join(a.member, 'restart'); // of a connection that is there
  });

  test('a connection has so many addresses; one more pushes out the one longest without a check', () => {
    const mux = routed({ maxAddressesPerConnection: 3 });
    const a = recorder(mux, 'aaaa');
    for (const port of [1, 2, 3, 1, 4]) {
      a.verified.add(port);
      mux.give(check('aaaa:peer'), from(port));
    }
    assert.equal(mux.router.boundAddresses, 3);
    a.seen.length = 0;
    for (const port of [1, 2, 3, 4]) mux.give(RECORD, from(port));
    assert.deepEqual(a.seen, ['1:50', '3:50', '4:50']);
  });

  test('so many own requests are remembered; one more pushes out the oldest', () => {
    const mux = routed({ maxTransactions: 3 });
    const a = recorder(mux, 'aaaa');
    for (const id of [1, 2, 3, 4]) mux.router.expect(a.place, check('peer:aaaa', PASSWORD, id), 0);
    assert.equal(mux.router.transactions, 3);
    for (const id of [1, 2, 3, 4]) mux.give(response(id), from(id));
    assert.deepEqual(a.seen, ['2:20', '3:20', '4:20']);
  });

  test('so many checks are held; with one more the hook is not even asked, until their time is over', () => {
    let asked = 0;
    const mux = routed({ maxHeldRequests: 3, holdFor: 100 }, () => ++asked > 0);
    for (let i = 0; i < 4; i++) mux.give(check(`fragment${i}:peer`), from(i + 1));
    mux.give(check('fragment0:peer'), from(1)); // again
    assert.equal(asked, 3);
    assert.equal(mux.router.heldChecks, 3);
    assert.equal(mux.router.drops.counts['too-many-held'], 1);
    mux.clock.now = 100;
    mux.give(check('fragment9:peer'), from(9));
    assert.equal(asked, 4);
    assert.equal(mux.router.heldChecks, 1);
    assert.equal(mux.router.drops.counts.expired, 3);
  });
});

describe('checks with an unknown username fragment', () => {
  test('without a hook they are dropped; with one it hears both halves and whether a password fits', () => {
    const silent = routed();
    silent.give(check('libp2p+webrtc+v1/x:peer'), from(1));
    assert.equal(silent.router.drops.counts['unknown-ufrag'], 1);
    const heard: unknown[] = [];
    const mux = routed({}, (request) => {
      const { localUsernameFragment, remoteUsernameFragment, remote, local } = request;
      heard.push(localUsernameFragment, remoteUsernameFragment, remote, local.port);
      heard.push(request.isSignedWith(PASSWORD), request.isSignedWith('another'));
      setImmediate(() => assert.throws(() => request.isSignedWith(PASSWORD), { code: 'REQUEST_IS_OVER' }));
      return false;
    });
    mux.give(check('libp2p+webrtc+v1/x:peer'), from(1));
    assert.deepEqual(heard, ['libp2p+webrtc+v1/x', 'peer', from(1), 9000, true, false]);
    assert.equal(mux.router.drops.counts.refused, 1);
    assert.equal(mux.router.heldChecks, 0);
  });

  test('the hook hears of no message without its FINGERPRINT, and of no fragments that ICE does not allow', () => {
    let asked = 0;
    const mux = routed({}, () => ++asked > 0);
    const bad = check('unknown:peer');
    bad[bad.length - 1]! ^= 1;
    const names = ['abc:peer', 'unknown', 'unknown:', 'un known:peer', 'a:b:c', `${'x'.repeat(257)}:peer`];
    for (const bytes of [bad, ...names.map((name) => check(name))]) mux.give(bytes, from(1));
    assert.equal(asked, 0);
    assert.equal(mux.router.drops.counts.malformed, 1 + names.length);
  });

  test('a connection that the hook makes at once, or soon, gets the check that it was asked about', () => {
    const mux = routed({}, ({ localUsernameFragment }) => {
      if (localUsernameFragment === 'later') return true;
      made = recorder(mux, localUsernameFragment);
      return undefined;
    });
    let made: ReturnType<typeof recorder> | undefined;
    mux.give(check('once:peer'), from(1));
    assert.deepEqual(made?.seen, []);
    mux.settle();
    assert.deepEqual(made?.seen, ['1:76', '|']);
    mux.give(check('later:peer'), from(2));
    mux.settle();
    const later = recorder(mux, 'later');
    mux.settle();
    assert.deepEqual(later.seen, ['2:76', '|']);
    assert.equal(mux.router.heldChecks, 0);
  });

  test('a check for a connection that has not opened its socket yet waits for it, hook or not', () => {
    const mux = routed();
    const { member } = recorder(mux, 'early', false);
    mux.give(check('early:peer'), from(1));
    assert.equal(mux.router.heldChecks, 1);
    const seen: number[] = [];
    mux.router.openPlace(member, mux.socket.number, {
      onDatagram: (_bytes, at, end) => seen.push(end - at),
      onBatchEnd: () => {},
      onWritable: () => {},
      onMtuExceeded: () => {},
      onError: () => {},
    });
    mux.settle();
    assert.equal(seen.length, 1);
  });

  test('a hook that throws has refused', () => {
    const mux = routed({}, () => {
      throw new Error('hook');
    });
    mux.give(check('unknown:peer'), from(1));
    assert.equal(mux.thrown.length, 1);
    assert.equal(mux.router.drops.counts.refused, 1);
  });
});
