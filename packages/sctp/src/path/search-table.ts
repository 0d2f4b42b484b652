// The packet sizes worth asking a path about, as RFC 8899 §5.3.2 suggests, smallest first: SCTP packets that fill the
// links there are. From an IP packet go 20 bytes (IPv4) or 40 (IPv6), 8 for UDP and up to 40 for the DTLS record.

const UDP_HEADER_BYTES = 8;
const RECORD_BYTES = 40;
const IPV4 = 20 + UDP_HEADER_BYTES + RECORD_BYTES;
const IPV6 = 40 + UDP_HEADER_BYTES + RECORD_BYTES;

const SEARCH_TABLE: readonly number[] = [
  1_280 - IPV6, // the least that IPv6 allows: 1192
  1_280 - IPV4, // 1212
  1_400 - IPV4, // tunnels; WireGuard's 1420 over IPv6 has the same
  1_420 - IPV4, // WireGuard
  1_452 - IPV4, // 1384: tunnels within PPPoE, and 1472 over IPv6
  1_500 - IPV6, // 1412; 1480 (6in4) over IPv4 has the same
  1_492 - IPV4, // PPPoE
  1_500 - IPV4, // Ethernet: 1432
  4_000 - IPV4,
  9_000 - IPV6, // jumbo frames: 8912
  9_000 - IPV4, // 8932
];

/** What lies above `known` and not above `limit`, and the limit itself. */
export function sizesBetween(known: number, limit: number): number[] {
  const sizes = SEARCH_TABLE.filter((size) => size > known && size < limit);
  if (limit > known) sizes.push(limit);
  return sizes;
}
