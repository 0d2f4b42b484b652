import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { describe, test } from 'node:test';
import { pathLimit } from '../../src/transport/path-limit.ts';

const info = (address: string, internal = false): NetworkInterfaceInfo =>
  ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;

const interfaces = {
  lo: [info('127.0.0.1', true), info('::1', true)],
  eth0: [info('192.0.2.10'), info('2001:db8::10')],
  wg0: [info('198.51.100.1')],
};
const mtus: Record<string, number> = { lo: 65_536, eth0: 9000, wg0: 1420 };

describe('how large a datagram a path may carry', () => {
  const limit = (local: string, remote: string): ReturnType<typeof pathLimit> =>
    pathLimit(local, remote, interfaces, (name) => mtus[name]);

  test("is the interface's MTU less the headers of IP and UDP", () => {
    assert.deepEqual(limit('192.0.2.10', '203.0.113.5'), { bytes: 9000 - 28, isLocal: false });
    assert.deepEqual(limit('2001:db8::10', '2001:db8:1::5'), { bytes: 9000 - 48, isLocal: false });
    assert.deepEqual(limit('198.51.100.1', '203.0.113.5'), { bytes: 1420 - 28, isLocal: false });
  });

  test("is loopback's towards any address of this machine, and never more than UDP can carry", () => {
    for (const remote of ['127.0.0.1', '127.3.2.1', '192.0.2.10', '198.51.100.1'])
      assert.deepEqual(limit('192.0.2.10', remote), { bytes: 65_507, isLocal: true });
    assert.equal(limit('::1', '::1').isLocal, true);
  });

  test('is that of Ethernet where the system does not tell', () => {
    const unknown = pathLimit('192.0.2.10', '203.0.113.5', interfaces, () => undefined);
    assert.deepEqual(unknown, { bytes: 1472, isLocal: false });
    assert.deepEqual(limit('203.0.113.77', '203.0.113.5'), { bytes: 1472, isLocal: false });
  });

  test('can be asked of this machine', () => {
    const { bytes, isLocal } = pathLimit('127.0.0.1', '127.0.0.1');
    assert.ok(bytes >= 1472 && isLocal);
  });
});
