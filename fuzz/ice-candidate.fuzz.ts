// Candidate lines (RFC 8839 §5.1): any text gives a candidate or nothing, and a candidate survives being written.
import { isDeepStrictEqual } from 'node:util';
import { formatCandidate, parseCandidate } from '@millrace/ice';
import { type FuzzTarget, invariant } from './target.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const target: FuzzTarget = {
  name: 'ice-candidate',
  seeds: [
    'candidate:3693269418 1 udp 2113937151 198.51.100.1 51196 typ host generation 0 network-cost 999',
    'a=candidate:1741074411 1 udp 2113937151 3d3ca853-280d-4ec1-bd49-0bfca475e983.local 39955 typ host',
    'candidate:2 1 TCP 2105458943 2001:db8::1 9 typ host tcptype active ufrag abcd',
    'candidate:842163049 1 udp 1677729535 203.0.113.1 46154 typ srflx raddr 0.0.0.0 rport 0',
  ].map((line) => encoder.encode(line)),
  run(bytes) {
    const candidate = parseCandidate(decoder.decode(bytes));
    if (candidate === undefined) return;
    const line = formatCandidate(candidate);
    const again = parseCandidate(line);
    // A line that was just short enough may grow past the limit when addresses are written out.
    if (again === undefined && line.length > 1000) return;
    invariant(
      isDeepStrictEqual(again, candidate),
      `${JSON.stringify(candidate)} reads as ${JSON.stringify(again)} from ${line}`,
    );
  },
};
