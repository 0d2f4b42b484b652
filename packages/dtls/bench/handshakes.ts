// What a whole handshake costs both sides together, in datagrams of 1200 bytes in memory: CPU microseconds and bytes of DTLS, of
// 1.2, of 1.3 with either key exchange, and of sessions that are resumed; in turns in one process, with the ratio to the first.
//
//   taskset -c 1 node --conditions=@millrace/source packages/dtls/bench/handshakes.ts [ROUNDS] [NAME,...]
import { randomFillSync } from 'node:crypto';
import {
  DtlsConnection,
  type DtlsOptions,
  type DtlsSink,
  fingerprintOf,
  SessionCache,
} from '../src/index.ts';
import { nodeDtlsCrypto } from '../src/node-crypto.ts';
import { ECDSA_P256, identityOf, OTHER_ECDSA_P256 } from '../test/fixtures/certificates.ts';

const ROUNDS = Number(process.argv[2] ?? 15);
const ONLY = process.argv[3]?.split(',');
const ROUND_MILLIS = 150;
const WARM_UP_ROUNDS = 3;
const MTU = 1200;

type Wanted = Pick<DtlsOptions, 'minVersion' | 'maxVersion' | 'groups'>;

const X25519: Wanted = { minVersion: '1.3', groups: [29] };
const HYBRID: Wanted = { minVersion: '1.3', groups: [0x11ec, 29] };
const CASES: ReadonlyArray<readonly [name: string, wanted: Wanted, resumed: boolean]> = [
  ['1.2', { maxVersion: '1.2' }, false],
  ['1.3-x25519', X25519, false],
  ['1.3-x25519-resumed', X25519, true],
  ['1.3-ml-kem', HYBRID, false],
  ['1.3-ml-kem-resumed', HYBRID, true],
];
const SILENT: DtlsSink = { onConnected() {}, onApplicationData() {}, onClosed() {} };

const [us, them] = [identityOf(ECDSA_P256), identityOf(OTHER_ECDSA_P256)];
const random = { fill: (bytes: Uint8Array) => void randomFillSync(bytes) };
const datagram = new Uint8Array(MTU);

class Handshakes {
  readonly name: string;
  readonly microseconds: number[] = [];
  readonly bytes = { client: 0, server: 0 };
  count = 0;
  readonly #wanted: Wanted;
  readonly #sessions: { client: SessionCache; server: SessionCache } | undefined;

  constructor(name: string, wanted: Wanted, resumed: boolean) {
    this.name = name;
    this.#wanted = wanted;
    this.#sessions = resumed ? { client: new SessionCache(), server: new SessionCache() } : undefined;
  }

  round(): number {
    const before = this.count;
    const { user, system } = process.cpuUsage();
    const end = performance.now() + ROUND_MILLIS;
    while (performance.now() < end) this.#run();
    const used = process.cpuUsage();
    return (used.user - user + used.system - system) / (this.count - before);
  }

  #run(): void {
    const client = this.#connection('client');
    const server = this.#connection('server');
    client.start(0);
    server.start(0);
    for (let isNews = true; isNews; ) {
      const [there, back] = [pass(client, server), pass(server, client)];
      this.bytes.client += there;
      this.bytes.server += back;
      isNews = there + back > 0;
    }
    const isResumed = this.#sessions !== undefined && this.count > 0;
    if (client.state !== 'connected' || server.state !== 'connected' || client.isResumed !== isResumed)
      throw new Error(`${this.name}: ${client.state}, ${server.state}, resumed: ${client.isResumed}`);
    this.count++;
  }

  #connection(role: 'client' | 'server'): DtlsConnection {
    const [own, other] = role === 'client' ? [us, them] : [them, us];
    return new DtlsConnection({
      role,
      certificate: own,
      crypto: nodeDtlsCrypto,
      random,
      remoteFingerprints: [fingerprintOf(other.certificate, nodeDtlsCrypto)],
      mtu: MTU,
      ...this.#wanted,
      sessions: this.#sessions?.[role],
    });
  }
}

function pass(from: DtlsConnection, to: DtlsConnection): number {
  let bytes = 0;
  for (;;) {
    const length = from.transmit(datagram, 0, MTU, 0);
    if (length === 0) break;
    bytes += length;
    to.receive(datagram, 0, length, 0);
    to.drain(SILENT);
  }
  from.drain(SILENT);
  return bytes;
}

const all = CASES.filter(([name]) => ONLY?.includes(name) ?? true).map((each) => new Handshakes(...each));
for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++)
  for (const each of round % 2 === 0 ? all : all.toReversed()) {
    const microseconds = each.round();
    if (round >= 0) each.microseconds.push(microseconds);
  }

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
const quantile = (values: readonly number[], part: number): number =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * part))]!;

console.log(
  'handshake            CPU us  [quartiles]   a second  bytes of client  of server   CPU against the first',
);
for (const each of all) {
  const median = quantile(each.microseconds, 0.5);
  const ratios = each.microseconds.map((value, i) => value / all[0]!.microseconds[i]!);
  console.log(
    [
      each.name.padEnd(19),
      median.toFixed(0).padStart(7),
      `[${[0.25, 0.75].map((part) => quantile(each.microseconds, part).toFixed(0)).join('-')}]`.padEnd(14),
      (1e6 / median).toFixed(0).padStart(8),
      (each.bytes.client / each.count).toFixed(0).padStart(16),
      (each.bytes.server / each.count).toFixed(0).padStart(10),
      `${quantile(ratios, 0.5).toFixed(2)}x [${[0.25, 0.75].map((part) => quantile(ratios, part).toFixed(2)).join('-')}]`.padStart(
        22,
      ),
    ].join(' '),
  );
}
