// Remote candidates as browsers write them: each of another address, most of them host candidates, every fourth
// server-reflexive, and no two of the same priority.

export function candidateLines(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const address = `198.18.${i >> 8}.${i & 255}`;
    const port = 20_000 + ((i * 7_919) % 40_000);
    const isReflexive = i % 4 === 3;
    const priority = (isReflexive ? 100 : 126) * 2 ** 24 + (65_535 - i) * 2 ** 8 + 255;
    const related = isReflexive ? ` raddr 10.0.${i >> 8}.${i & 255} rport ${port}` : '';
    const type = isReflexive ? 'srflx' : 'host';
    return `candidate:${1_000_000 + i * 37} 1 udp ${priority} ${address} ${port} typ ${type}${related} generation 0 ufrag Ab1x`;
  });
}
