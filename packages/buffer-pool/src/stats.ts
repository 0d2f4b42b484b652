/** What a pool has and has done; all counts since it was made unless they say otherwise. */
export interface BufferPoolStats {
  readonly name: string;
  /** Bytes of all slabs now. */
  readonly bytes: number;
  /** The most bytes that all slabs ever had. */
  readonly highWater: number;
  readonly maxBytes: number;
  /** Leases held now, and the bytes of their classes. */
  readonly leases: number;
  readonly leasedBytes: number;
  readonly acquisitions: number;
  /** Acquisitions that found the pool dry. */
  readonly misses: number;
  /** Slabs taken from and given back to the system. */
  readonly growths: number;
  readonly trims: number;
  /** Releases of leases that nobody held, and the like: each one is a bug of a caller. */
  readonly misuses: number;
  readonly classes: readonly ClassStats[];
}

export interface ClassStats {
  /** Bytes between headroom and tailroom. */
  readonly bytes: number;
  readonly slabs: number;
  readonly slots: number;
  readonly leases: number;
  /** The most leases there ever were at a time. */
  readonly highWater: number;
}
