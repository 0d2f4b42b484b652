// Connections whose host candidates hold names: what the peer, the application and getStats see, and that it connects.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LocalCandidate } from '@millrace/ice';
import { type RTCConfiguration, RTCPeerConnection } from 'millrace';
import { CandidatePolicy } from '../../src/peer-connection/candidate-policy.ts';
import { connectedPair, LOOPBACK } from './pair.ts';

const HIDDEN: RTCConfiguration = { millrace: { ...LOOPBACK.millrace, hideHostAddresses: true } };
const NAME = /[0-9a-f]{8}-[0-9a-f-]{27}\.local/;

describe('draft-ietf-mmusic-mdns-ice-candidates §3.1: hidden addresses', () => {
  test('two connections that tell nothing but names find each other', async () => {
    const { a, b, close } = await connectedPair(HIDDEN);
    for (const pc of [a, b]) {
      assert.match(pc.localDescription!.sdp, new RegExp(`a=candidate:.* ${NAME.source} \\d+ typ host`));
      assert.doesNotMatch(pc.localDescription!.sdp, /a=candidate:.*127\.0\.0\.1/);
    }
    close();
  });

  test('getStats and the ICE transport show names as well', async () => {
    const { a, close } = await connectedPair(HIDDEN, LOOPBACK);
    const local = [...(await a.getStats()).values()].filter(({ type }) => type === 'local-candidate');
    assert(local.length > 0);
    for (const { address, relatedAddress } of local) {
      assert.match(String(address), NAME);
      assert.notEqual(relatedAddress, '127.0.0.1');
    }
    const { iceTransport } = a.sctp!.transport;
    assert.match(iceTransport.getSelectedCandidatePair()!.local.address!, NAME);
    for (const { address } of iceTransport.getLocalCandidates()) assert.match(address!, NAME);
    close();
  });

  test('candidates over TCP hold the same name', async () => {
    const pc = new RTCPeerConnection({ millrace: { ...HIDDEN.millrace, iceTcp: 'all' } });
    pc.createDataChannel('x');
    const names = new Set<string>();
    let count = 0;
    const gathered = new Promise<void>((resolve) => {
      pc.onicecandidate = ({ candidate }) => {
        if (candidate === null) resolve();
        else if (candidate.candidate !== '') {
          count++;
          names.add(candidate.address!);
        }
      };
    });
    await pc.setLocalDescription();
    await gathered;
    assert.equal(count, 3);
    assert.equal(names.size, 1);
    assert.match([...names][0]!, NAME);
    pc.close();
  });

  test('each connection has a name of its own', async () => {
    const names = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const pc = new RTCPeerConnection(HIDDEN);
      pc.createDataChannel('x');
      const gathered = new Promise((resolve) => {
        pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && resolve(undefined);
      });
      await pc.setLocalDescription();
      await gathered;
      names.add(NAME.exec(pc.localDescription!.sdp)![0]);
      pc.close();
    }
    assert.equal(names.size, 3);
  });

  test('server-reflexive and relayed candidates name no local address as related', () => {
    const policy = new CandidatePolicy({ hideHostAddresses: true });
    const name = policy.shownAs('127.0.0.1')!;
    const host: LocalCandidate = {
      socket: 0,
      foundation: '1',
      component: 1,
      transport: 'udp',
      priority: 1,
      address: '127.0.0.1',
      port: 5000,
      type: 'host',
    };
    assert.equal(policy.told(host).address, name);
    for (const type of ['srflx', 'prflx', 'relay'] as const) {
      const told = policy.told({
        ...host,
        type,
        address: '203.0.113.1',
        relatedAddress: '127.0.0.1',
        relatedPort: 5000,
      });
      assert.deepEqual([told.address, told.relatedAddress, told.relatedPort], ['203.0.113.1', '0.0.0.0', 9]);
      const behindNat = policy.told({ ...host, type, relatedAddress: '203.0.113.9', relatedPort: 7 });
      assert.equal(behindNat.relatedAddress, '203.0.113.9');
    }
    policy.close();
  });
});
