import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { describe, test } from 'node:test';
import { localAddresses } from '../../src/transport/local-addresses.ts';

const info = (address: string, internal = false): NetworkInterfaceInfo =>
  ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;
const LOOPBACK = { lo: [info('127.0.0.1', true), info('::1', true)] };
const addressesOf = (loopback: boolean, interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string[] =>
  localAddresses(loopback, undefined, interfaces).map(({ address }) => address);

describe('RFC 8445 §5.1.1.1 host candidates come from every address', () => {
  const machine = {
    ...LOOPBACK,
    eth0: [info('192.0.2.1'), info('2001:db8::1'), info('fe80::1'), info('FEBF::1')],
  };

  test('of both families, without loopback and link-local IPv6', () => {
    assert.deepEqual(addressesOf(false, machine), ['192.0.2.1', '2001:db8::1']);
  });

  test('with loopback behind them when asked for', () => {
    assert.deepEqual(addressesOf(true, machine), ['192.0.2.1', '2001:db8::1', '127.0.0.1', '::1']);
  });

  test('loopback alone when there is nothing else', () => {
    assert.deepEqual(addressesOf(false, LOOPBACK), ['127.0.0.1', '::1']);
  });

  test('no more than sixteen', () => {
    const many = Array.from({ length: 17 }, (_, i) => info(`192.0.2.${i + 1}`));
    assert.equal(addressesOf(false, { eth0: many.slice(0, 16) }).length, 16);
    assert.equal(addressesOf(false, { eth0: many }).length, 16);
  });

  test('counted after the choice: whoever wants the last of many gets it', () => {
    const many = Array.from({ length: 40 }, (_, i) => info(`192.0.2.${i + 1}`));
    const chosen = localAddresses(true, (address) => address === '127.0.0.1' || address === '192.0.2.40', {
      ...LOOPBACK,
      eth0: many,
    });
    assert.deepEqual(
      chosen.map(({ address }) => address),
      ['192.0.2.40', '127.0.0.1'],
    );
  });
});
