// In which order the driver deals with the end of a DTLS handshake: what the peer waits for comes first.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataChannels } from '@millrace/datachannel';
import { DtlsConnection } from '@millrace/dtls';
import { nodeDtlsCrypto } from '@millrace/dtls/node-crypto';
import type { IceAgent, Route } from '@millrace/ice';
import { SeededRandom } from '@millrace/sans-io/testing';
import { defaultCertificate, dtlsCertificateOf } from '../../src/certificate.ts';
import { chooseBackend } from '../../src/transport/backend.ts';
import type { DatagramPort } from '../../src/transport/datagram-port.ts';
import { Driver, type DriverObserver } from '../../src/transport/driver.ts';
import { Sped } from '../../src/transport/sped.ts';

const PEER = { address: '192.0.2.1', port: 1 };

const CHECK_BYTES = 20;

/** An agent with one path, which works, and a check to send in each turn. */
const agent = {
  usableRoute: { socket: 0, remote: PEER },
  route: { socket: 0, remote: PEER },
  selectedRoute: undefined,
  isDue: false,
  roundTripTime: 10,
  onData: () => true,
  onDataSent() {},
  transmit(out: Uint8Array, at: number): number {
    const length = this.isDue ? CHECK_BYTES : 0;
    this.isDue = false;
    out.fill(0, at, at + length);
    return length;
  },
  drain: () => false,
  deadline: () => Number.POSITIVE_INFINITY,
  close() {},
};

function connection(role: 'client' | 'server'): DtlsConnection {
  return new DtlsConnection({
    role,
    certificate: dtlsCertificateOf(defaultCertificate()),
    crypto: nodeDtlsCrypto,
    random: new SeededRandom(role === 'client' ? 1 : 2),
    remoteFingerprints: 'any',
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A driver whose events and datagrams are told in order; `sent` has the latter. */
async function rig(log: string[]): Promise<{ driver: Driver; sent: Uint8Array[]; route: Route }> {
  const sent: Uint8Array[] = [];
  const take = (bytes: Uint8Array, at: number, end: number, segmentBytes: number): boolean => {
    for (let from = at; from < end; from += segmentBytes)
      sent.push(bytes.slice(from, Math.min(from + segmentBytes, end)));
    log.push(bytes[at] === 0 ? 'check' : 'flight');
    return true;
  };
  const port: DatagramPort = {
    local: { address: '192.0.2.2', port: 1 },
    isBusy: false,
    send: take,
    sendMany: (runs, count = runs.length) =>
      runs.slice(0, count).every((run) => take(run.bytes, run.at, run.end, run.segmentBytes)),
    close() {},
  };
  const observer = {
    ice: {},
    dtls: {
      onHalfConnected: () => log.push('half-connected'),
      onConnected: () => log.push('connected'),
      onClosed: () => assert.fail(),
      onKeyLog() {},
    },
    channelsSink: {},
    onUsablePath: () => log.push('path'),
  } as unknown as DriverObserver;
  const backend = { ...chooseBackend(false), openPort: () => Promise.resolve(port) };
  const driver = new Driver(
    backend,
    agent as unknown as IceAgent,
    new Sped(false),
    new DataChannels(),
    observer,
  );
  return { driver, sent, route: { socket: (await driver.openSocket('192.0.2.2'))!.socket, remote: PEER } };
}

for (const [role, event] of [
  ['client', 'connected'],
  ['server', 'half-connected'],
] as const)
  test(`the last flight of a ${role} of DTLS 1.3 is sent before checks, and before anything is made of what has come`, async () => {
    const log: string[] = [];
    const { driver, sent, route } = await rig(log);
    const ours = connection(role);
    const theirs = connection(role === 'client' ? 'server' : 'client');
    theirs.start(0);
    driver.attachDtls(ours);
    const out = new Uint8Array(2048);
    for (let round = 1; !log.includes(event) && round < 10; round++) {
      agent.isDue = true;
      await turn();
      // A machine that stands still may have a flight repeated behind them.
      const told = log.splice(0).filter((each) => each !== 'path');
      if (told.includes('flight')) assert.deepEqual(told.slice(0, 2), ['flight', 'check']);
      for (const datagram of sent.splice(0))
        if (datagram[0] !== 0) theirs.receive(datagram, 0, datagram.length, round);
      log.length = 0;
      for (;;) {
        const length = theirs.transmit(out, 0, 1200, round);
        if (length === 0) break;
        driver.onArrived(out, 0, length, route);
      }
      driver.endBatch();
    }
    assert.deepEqual(log, ['flight', event]);
    assert.ok(!ours.hasFlight);
    driver.close();
  });

test('a handshake that comes whole in one turn is told of after its path', async () => {
  const log: string[] = [];
  const { driver, sent, route } = await rig(log);
  const [ours, theirs] = [connection('server'), connection('client')];
  theirs.start(0);
  driver.attachDtls(ours);
  const out = new Uint8Array(2048);
  for (let round = 1; !log.includes('connected') && round < 10; round++) {
    for (;;) {
      const length = theirs.transmit(out, 0, 1200, round);
      if (length === 0) break;
      driver.onArrived(out, 0, length, route);
    }
    for (const datagram of sent.splice(0)) theirs.receive(datagram, 0, datagram.length, round);
  }
  const told = log.filter((each) => each !== 'flight');
  assert.deepEqual(told, ['path', 'half-connected', 'connected']);
  driver.close();
});
