// The connection as a state machine under random operations: whatever arrives, in whatever order, cut,
// changed, invented or replayed, nothing throws, nothing is told before the peer is verified, nothing twice.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '@millrace/sans-io/testing';
import { DtlsConnection, type DtlsVersion, SessionCache } from '../src/index.ts';
import { clientOptions, connected, Recorder, sealed, serverOptions } from './fixtures/connections.ts';
import { fragment, record } from './fixtures/records.ts';

/** SEQUENCES=100000 for a long run, SEED for the first of them. */
const SEQUENCES = Number(process.env.SEQUENCES ?? 400);
const FIRST_SEED = Number(process.env.SEED ?? 1);
const OPERATIONS = 250;
const MAX_REASSEMBLY = 8000;
const MAX_EARLY = 2000;

interface Versions {
  readonly minVersion?: DtlsVersion;
  readonly maxVersion: DtlsVersion;
  readonly groups?: readonly number[];
  readonly keyShares?: number;
}
const SHORT_LIVED = { recordLimit: 60, epochRetention: 1000 };

class Side {
  readonly connection: DtlsConnection;
  readonly recorder = new Recorder();
  /** What the wire to this side holds. */
  readonly inbox: Uint8Array[] = [];
  readonly sent = new Set<string>();

  constructor(role: 'client' | 'server', versions: Versions, sessions: SessionCache, seed: number) {
    const limits = { maxReassemblyBytes: MAX_REASSEMBLY, maxEarlyBytes: MAX_EARLY, maxMessageBytes: 4000 };
    // Keys change every few records; old ones go within the run.
    const caps = { ...versions, ...limits, sessions, ...(versions.maxVersion === '1.3' ? SHORT_LIVED : {}) };
    this.connection = new DtlsConnection(
      role === 'client' ? clientOptions(caps, seed) : serverOptions({ ...caps, mtu: 300 }, seed),
    );
  }
}

class World {
  readonly random: SeededRandom;
  readonly client: Side;
  readonly server: Side;
  now = 0;
  #serial = 0;

  constructor(versions: readonly [client: Versions, server: Versions], seed: number) {
    this.random = new SeededRandom(seed);
    const [client, server] = [new SessionCache(), new SessionCache()];
    // Now and then there is a session to be resumed.
    if (versions[1].maxVersion === '1.3' && seed % 4 === 0) {
      connected({
        client: { ...versions[0], sessions: client },
        server: { ...versions[1], sessions: server },
        seed,
      }).pair.run(100);
    }
    this.client = new Side('client', versions[0], client, seed);
    this.server = new Side('server', versions[1], server, seed + 1);
  }

  step(): void {
    const { random } = this;
    const [side, other] = random.chance(0.5) ? [this.client, this.server] : [this.server, this.client];
    const choice = random.unit();
    if (choice < 0.4) this.#deliver(side);
    else if (choice < 0.65) this.#transmit(side, other);
    else if (choice < 0.75) this.#pass();
    else if (choice < 0.87) this.#send(side, other);
    else if (choice < 0.97) this.#forge(side);
    else if (choice < 0.972) side.connection.close(this.now);
    else this.#start(side);
    if (random.chance(0.7)) side.connection.drain(side.recorder);
    this.#check(side, other);
  }

  #deliver(side: Side): void {
    const { random } = this;
    if (side.inbox.length === 0) return;
    const index = random.chance(0.7) ? 0 : random.below(side.inbox.length);
    const datagram = random.chance(0.15) ? side.inbox[index]!.slice() : side.inbox.splice(index, 1)[0]!;
    if (random.chance(0.04)) this.#change(datagram);
    const end = random.chance(0.03) ? random.below(datagram.length + 1) : datagram.length;
    side.connection.receive(datagram, 0, end, this.now);
    side.connection.drain(side.recorder);
  }

  #transmit(side: Side, other: Side): void {
    const out = new Uint8Array(this.random.chance(0.1) ? this.random.below(200) : 1400);
    const length = side.connection.transmit(out, 0, out.length, this.now);
    assert.equal(length <= out.length, true);
    if (length > 0 && !this.random.chance(0.1)) other.inbox.push(out.slice(0, length));
    if (other.inbox.length > 50) other.inbox.shift();
  }

  #pass(): void {
    this.now += this.random.chance(0.02) ? 20_000 : this.random.below(60);
    for (const { connection } of [this.client, this.server]) connection.expire(this.now);
  }

  #send(side: Side, other: Side): void {
    if (side.connection.state !== 'connected') return;
    if (this.random.chance(0.05)) side.connection.updateKeys(this.random.chance(0.5));
    const text = `message ${this.#serial++}`;
    const record = sealed(side.connection, text);
    if (record.length === 0) return; // the keys are used up, and could not be changed in time
    side.sent.add(text);
    other.inbox.push(record);
  }

  /** Something nobody sent: bytes, a record of any kind, a handshake fragment of any kind. */
  #forge(side: Side): void {
    const { random } = this;
    const bytes = new Uint8Array(random.below(120));
    random.fill(bytes);
    const kind = random.below(4);
    const epoch = random.below(3);
    const sequence = random.below(100);
    if (kind === 3 && bytes.length > 0) bytes[0] = 0x20 | random.below(32); // a record of 1.3, as far as can be seen
    const forged =
      kind === 0 || kind === 3
        ? bytes
        : kind === 1
          ? record(20 + random.below(8), bytes, { epoch, sequence })
          : record(
              22,
              fragment(random.below(26), 1 + random.below(12), bytes, 0, random.below(bytes.length + 1)),
              {
                epoch: random.below(2),
              },
            );
    side.connection.receive(forged, 0, forged.length, this.now);
  }

  #change(datagram: Uint8Array): void {
    for (let i = 1 + this.random.below(3); i > 0; i--) {
      const at = this.random.below(datagram.length);
      datagram[at] = datagram[at]! ^ (1 << this.random.below(8));
    }
  }

  #start(side: Side): void {
    if (side.connection.state === 'new') side.connection.start(this.now);
  }

  #check(side: Side, other: Side): void {
    const { connection, recorder } = side;
    assert.equal(connection.heldBytes <= MAX_REASSEMBLY + MAX_EARLY, true, 'memory');
    assert.equal(recorder.connected <= 1 && recorder.closedCount <= 1, true, 'events once');
    if (recorder.messages.length > 0) assert.equal(recorder.connected, 1, 'data before verification');
    for (const message of recorder.messages.splice(0)) {
      assert.equal(other.sent.delete(message), true, `told twice or never sent: ${message}`);
    }
    const { state } = connection;
    if (state === 'closed' || state === 'failed') {
      assert.notEqual(connection.closeReason, undefined);
      assert.equal(connection.heldBytes, 0, 'nothing held after the end');
      assert.equal(connection.deadline(), Number.POSITIVE_INFINITY, 'no timer after the end');
    }
  }
}

/** Every sequence must leave both sides as they should be; enough of them must have connected to show anything. */
function runAll(versions: readonly [client: Versions, server: Versions], sequences: number): void {
  let count = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + sequences; seed++) {
    const world = new World(versions, seed);
    world.client.connection.start(0);
    world.server.connection.start(0);
    try {
      for (let i = 0; i < OPERATIONS; i++) world.step();
    } catch (error) {
      throw new Error(`with SEED=${seed}`, { cause: error });
    }
    count += world.client.recorder.connected + world.server.recorder.connected;
  }
  assert.equal(count > sequences / 8, true, `only ${count} connected: the run shows nothing`);
}

const ONLY_1_2: Versions = { maxVersion: '1.2' };
const ONLY_1_3: Versions = { minVersion: '1.3', maxVersion: '1.3' };
const EITHER: Versions = { maxVersion: '1.3', groups: [29, 23] };

describe('RFC 6347 a connection under random operations', () => {
  test(`${SEQUENCES} sequences of ${OPERATIONS} break nothing`, () => {
    runAll([ONLY_1_2, ONLY_1_2], SEQUENCES);
  });
});

describe('RFC 9147 a connection of 1.3 under random operations', () => {
  const quarter = Math.ceil(SEQUENCES / 4);
  const cases: ReadonlyArray<[name: string, client: Versions, server: Versions]> = [
    ['between two that speak 1.3 alone', ONLY_1_3, ONLY_1_3],
    ['with a key share that fits one datagram', { ...ONLY_1_3, groups: [29] }, EITHER],
    ['where another group is asked for', { ...ONLY_1_3, keyShares: 0 }, ONLY_1_3],
    ['that falls back to 1.2', EITHER, ONLY_1_2],
  ];
  for (const [name, client, server] of cases) {
    test(`${quarter} sequences of ${OPERATIONS} break nothing ${name}`, () =>
      runAll([client, server], quarter));
  }
});
