// `node --conditions=@millrace/source dtls-versions.ts [rounds]`: what whole connections on loopback do with DTLS 1.3 as a
// part of what they do with 1.2, in turns in one process: packets of 1200 bytes by CPU time of both sides, system calls
// included. Above 1: 1.3 is quicker. Median and quartiles over rounds.
import { SctpAssociation } from '@millrace/sctp';
import { openConnections } from './connections.ts';
import { type Course, SCTP_PACKET_BYTES } from './course.ts';

const ROUNDS = Number(process.argv[2] ?? 20);
const PACKETS = 6_000;
const WARM_UP_ROUNDS = 5;

// No path is asked for longer packets, though loopback would carry them.
const { setPath } = SctpAssociation.prototype;
SctpAssociation.prototype.setPath = function (path, now) {
  setPath.call(this, { ...path, limit: SCTP_PACKET_BYTES }, now);
};

for (const native of [true, false]) {
  const courses = [await openConnections(native, '1.2'), await openConnections(native, '1.3')] as const;
  for (const bytes of [65_536, 1_024, 64]) {
    const ratios: number[] = [];
    const costs: [number[], number[]] = [[], []];
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      const cost: [number, number] = [0, 0];
      for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const))
        cost[which] = await costOf(courses[which], bytes);
      if (round < 0) continue;
      ratios.push(cost[0] / cost[1]);
      costs[0].push(cost[0]);
      costs[1].push(cost[1]);
    }
    console.log(
      `${native ? 'native' : 'portable'}, messages of ${bytes} B: 1.2 ${at(costs[0], 0.5)} us a packet, 1.3 ${at(costs[1], 0.5)}; ` +
        `1.3 ${at(ratios, 0.5)}x as quick [${at(ratios, 0.25)}-${at(ratios, 0.75)}]`,
    );
  }
  for (const course of courses) course.close();
}
process.exit();

/** CPU microseconds of a packet. */
async function costOf(course: Course, bytes: number): Promise<number> {
  const before = process.cpuUsage();
  const { packets } = await course.run(bytes, PACKETS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / packets;
}

function at(values: readonly number[], part: number): string {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * part)]!.toFixed(2);
}
