// What the driver does for a socket that takes nothing more from it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataChannels } from '@millrace/datachannel';
import type { IceAgent } from '@millrace/ice';
import { chooseBackend } from '../../src/transport/backend.ts';
import type { DatagramPort } from '../../src/transport/datagram-port.ts';
import { Driver, type DriverObserver } from '../../src/transport/driver.ts';
import { MAX_SLABS_PER_BUSY_PORT, SendBatch } from '../../src/transport/send-batch.ts';
import { Sped } from '../../src/transport/sped.ts';

/** An agent with a check to send in each turn, and never anything else. */
class Checking {
  readonly route = { socket: 0, remote: { address: '192.0.2.1', port: 1 } };
  readonly selectedRoute = undefined;
  readonly usableRoute = undefined;
  due = 0;

  transmit(): number {
    return this.due-- > 0 ? 100 : 0;
  }
  drain(): boolean {
    return false;
  }
  deadline(): number {
    return Number.POSITIVE_INFINITY;
  }
  close(): void {}
}

test('checks beyond the slabs that a busy port may hold are dropped and counted', async () => {
  let sends = 0;
  const port: DatagramPort = {
    local: { address: '127.0.0.1', port: 1 },
    isBusy: true,
    send: () => {
      sends++;
      return false;
    },
    sendMany: () => assert.fail('there is one at a time'),
    close() {},
  };
  let allocated = 0;
  const batch = new SendBatch((bytes) => {
    allocated++;
    return new Uint8Array(bytes);
  });
  const agent = new Checking();
  const observer: DriverObserver = {
    ice: {},
    dtls: {},
    channelsSink: {},
    onUsablePath() {},
  } as unknown as DriverObserver;
  const backend = { ...chooseBackend(false), batch, openPort: () => Promise.resolve(port) };
  const driver = new Driver(
    backend,
    agent as unknown as IceAgent,
    new Sped(false),
    new DataChannels(),
    observer,
  );
  await driver.openSocket('127.0.0.1');
  for (let turn = 0; turn < MAX_SLABS_PER_BUSY_PORT + 1; turn++) {
    agent.due = 1;
    driver.wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(sends, MAX_SLABS_PER_BUSY_PORT);
  assert.equal(allocated, 1 + MAX_SLABS_PER_BUSY_PORT);
  assert.equal(driver.drops.counts['busy-port'], 1);
  assert.equal(driver.packetsSent, 0, 'checks are not counted');
  driver.close();
});
