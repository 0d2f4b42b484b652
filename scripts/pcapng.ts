// Packets for Wireshark. Either from a log in which trace lines stand, anywhere among others:
//
//   node scripts/pcapng.ts trace.log > trace.pcapng          (or from standard input)
//
// or right from a process that uses millrace, which it records until that ends:
//
//   MILLRACE_PCAPNG=trace.pcapng node --import ./scripts/pcapng.ts app.js
import { subscribe } from 'node:diagnostics_channel';
import { createReadStream, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseLine } from './pcapng/lines.ts';
import { fileHeader, packetBlock } from './pcapng/writer.ts';

const APPLICATION = 'millrace';
const CHANNEL = 'millrace:sctp:packet';

if (import.meta.main) await convert(process.argv[2]);
else record(process.env.MILLRACE_PCAPNG ?? `millrace-${process.pid}.pcapng`);

async function convert(path: string | undefined): Promise<void> {
  const input = path === undefined || path === '-' ? process.stdin : createReadStream(path);
  process.stdout.write(fileHeader(APPLICATION));
  let count = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const packet = parseLine(line);
    if (packet === undefined) continue;
    process.stdout.write(packetBlock(packet));
    count++;
  }
  if (count > 0) return;
  console.error('no line of a packet trace in the input');
  process.exitCode = 1;
}

function record(path: string): void {
  const file = openSync(path, 'w');
  writeSync(file, fileHeader(APPLICATION));
  subscribe(CHANNEL, (message) => {
    const packet = parseLine((message as { readonly line: string }).line);
    if (packet !== undefined) writeSync(file, packetBlock(packet));
  });
}
