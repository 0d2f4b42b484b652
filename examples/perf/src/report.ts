// A measurement for people: a line each second, and a summary.
import { styleText } from 'node:util';
import { formatBytes } from '@millrace/example-send-file/progress';
import type { Place, SideFacts } from './facts.ts';
import type { Parameters } from './parameters.ts';
import type { Interval, Rate, Result } from './result.ts';
import type { RoundTrips } from './round-trips.ts';

type Stream = NodeJS.WriteStream;

export function describeParameters({
  seconds,
  size,
  direction,
  channels,
  ordered,
  latency,
}: Parameters): string {
  const what = [
    direction === 'none' ? 'no load' : `${direction}, messages of ${formatBytes(size)}`,
    `${channels} channel${channels === 1 ? '' : 's'}${ordered ? '' : ', unordered'}`,
    ...(latency ? ['round trips'] : []),
  ];
  return `${seconds} s: ${what.join(', ')}`;
}

export function intervalLine({ direction, start, seconds, ...rate }: Interval, stream: Stream): string {
  const span = `${start.toFixed(2)}-${(start + seconds).toFixed(2)} s`;
  return `${arrow(direction, stream)} ${span.padStart(15)} ${columns(rate)}`;
}

export function summary(result: Result, stream: Stream): string {
  const bold = (text: string): string => styleText('bold', text, { stream });
  const { path, security, local, remote, roundTrips, engine } = result;
  const lines = [
    ...(['up', 'down'] as const).flatMap((direction) => {
      const rate = result[direction];
      return rate ? [`${arrow(direction, stream)} ${bold(total(rate))}`] : [];
    }),
    ...(roundTrips ? roundTripLines(roundTrips, bold) : []),
    `path        ${path.kind}, ${place(path.local)} to ${place(path.remote)}, ${path.local.protocol}`,
    `encryption  DTLS ${security.dtls}, ${security.cipher}, ${security.group}`,
    `here        ${side(local)}`,
    `there       ${side(remote)}`,
    `engine      ${engine}`,
  ];
  return `${lines.join('\n')}\n`;
}

export function formatRate(bitsPerSecond: number): string {
  if (bitsPerSecond >= 1e9) return `${(bitsPerSecond / 1e9).toFixed(2)} Gbit/s`;
  if (bitsPerSecond >= 1e6) return `${(bitsPerSecond / 1e6).toFixed(bitsPerSecond < 1e7 ? 2 : 1)} Mbit/s`;
  return `${(bitsPerSecond / 1e3).toFixed(1)} kbit/s`;
}

function columns(rate: Pick<Rate, 'bytes' | 'bitsPerSecond' | 'messagesPerSecond'>): string {
  const messages = `${Math.round(rate.messagesPerSecond)} msg/s`;
  return `${formatBytes(rate.bytes).padStart(9)} ${formatRate(rate.bitsPerSecond).padStart(13)} ${messages.padStart(13)}`;
}

function total(rate: Rate): string {
  return `${`0.00-${rate.seconds.toFixed(2)} s`.padStart(15)} ${columns(rate)}`;
}

function roundTripLines(trips: RoundTrips, bold: (text: string) => string): string[] {
  const { count, unanswered, min, p50, p90, p99, max, histogram } = trips;
  const most = Math.max(...histogram.map(({ count }) => count));
  return [
    `round trips ${count}${unanswered > 0 ? `, ${unanswered} unanswered` : ''}: ${bold(
      `p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, max ${ms(max)}`,
    )}, min ${ms(min)}`,
    ...histogram.map(({ upTo, count }) =>
      `  to ${ms(upTo).padStart(10)} ${String(count).padStart(7)} ${'#'.repeat(Math.ceil((count / most) * 40))}`.trimEnd(),
    ),
  ];
}

function side({ cpu, transport }: SideFacts): string {
  const { roundTripTime, retransmissions, packetsSent, timeouts, mtu } = transport;
  const facts = [
    `CPU ${cpu.percent.toFixed(0)} %`,
    `RTT ${ms(roundTripTime)}`,
    `${retransmissions} retransmissions and ${timeouts} timeouts in ${packetsSent} packets`,
    `MTU ${mtu}`,
  ];
  return facts.join(', ');
}

function place({ type, address, port }: Place): string {
  return `${type} ${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function arrow(direction: 'up' | 'down', stream: Stream): string {
  return styleText(direction === 'up' ? 'cyan' : 'yellow', direction.padEnd(4), { stream });
}

const ms = (milliseconds: number): string =>
  `${milliseconds.toFixed(milliseconds < 10 ? 2 : milliseconds < 100 ? 1 : 0)} ms`;
