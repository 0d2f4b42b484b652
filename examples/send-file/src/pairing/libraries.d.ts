// What is used of two libraries, and no more of them.

declare module '@noble/curves/ed25519.js' {
  /** An element of the group of RFC 9496. */
  export interface RistrettoPoint {
    multiply(scalar: bigint): RistrettoPoint;
    is0(): boolean;
    toBytes(): Uint8Array;
  }
  export const ristretto255: {
    readonly Point: {
      /** Throws unless they encode an element. */
      fromBytes(bytes: Uint8Array): RistrettoPoint;
      /** Scalars, in little endian. */
      readonly Fn: { fromBytes(bytes: Uint8Array): bigint };
    };
  };
  export const ristretto255_hasher: {
    /** RFC 9496 §4.3.4, from 64 bytes. */
    deriveToCurve(bytes: Uint8Array): RistrettoPoint;
  };
}

declare module '@scure/bip39/wordlists/english.js' {
  export const wordlist: readonly string[];
}
