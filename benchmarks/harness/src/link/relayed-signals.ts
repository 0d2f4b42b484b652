// Makes two peers meet in the relay: of the candidates that a peer tells, the first that is a plain UDP address over
// IPv4 is replaced by the relay's face of the same address, and the others are left out. Connections may follow one
// another: with its description the next one takes the face.
import type { Signal } from '../implementation.ts';
import type { Address, Face } from './relay.ts';

export interface Faces {
  readonly ports: Readonly<Record<Face, number>>;
  setPeer(face: Face, peer: Address): void;
}

const CANDIDATE = /^(candidate:\S+ 1 udp \d+) (\d+\.\d+\.\d+\.\d+) (\d+) typ host/i;

export class RelayedSignals {
  readonly #faces: Faces;
  readonly #isPlaced: Record<Face, boolean> = { a: false, b: false };

  constructor(faces: Faces) {
    this.#faces = faces;
  }

  /** What the other peer is to hear of what `from` said; undefined: nothing. */
  translate(from: Face, signal: Signal): Signal | undefined {
    if (signal.kind === 'candidate') {
      const candidate = this.#place(from, signal.candidate.replace(/^a=/, ''));
      return candidate === undefined ? undefined : { ...signal, candidate };
    }
    this.#isPlaced[from] = false;
    const lines = signal.sdp.split('\r\n').flatMap((line) => {
      if (!line.startsWith('a=candidate:')) return [line];
      const candidate = this.#place(from, line.slice(2));
      return candidate === undefined ? [] : [`a=${candidate}`];
    });
    return { ...signal, sdp: lines.join('\r\n') };
  }

  /** The other peer finds `from` behind the face it sends to itself. */
  #place(from: Face, candidate: string): string | undefined {
    const [, head, address, port] = CANDIDATE.exec(candidate) ?? [];
    if (head === undefined || address === undefined || this.#isPlaced[from]) return undefined;
    this.#isPlaced[from] = true;
    this.#faces.setPeer(from, { address, port: Number(port) });
    return `${head} ${address} ${this.#faces.ports[from === 'a' ? 'b' : 'a']} typ host`;
  }
}
