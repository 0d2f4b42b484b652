// What a room's stream holds, as the API shows it: numbered records, of which nothing changes once they are written.

/** A name and its value; a name may come more than once. */
export type Header = readonly [name: string, value: string];

/** How the bodies of a batch are written: as text, or as base64 (RFC 4648 §4) of their bytes. */
export type BodyFormat = 'raw' | 'base64';

/** A record to be written. A body of bytes that are no UTF-8 can be read back only as base64. */
export interface NewRecord {
  readonly headers: readonly Header[];
  readonly body: string | Uint8Array;
}

/** A record as it is read. The order of the fields is the order in which they are written. */
export interface StreamRecord {
  /** Its place in the stream: 0, 1, 2 and so on. */
  readonly seq_num: number;
  /** When the server took it, in milliseconds since 1970. */
  readonly timestamp: number;
  readonly headers: readonly Header[];
  readonly body: string;
}

/** Where a stream ends: the number that the next record will get, and the time of the last. */
export interface Tail {
  readonly seq_num: number;
  /** 0 while there is no record. */
  readonly timestamp: number;
}

/** What a read gives. */
export interface StreamBatch {
  readonly records: readonly StreamRecord[];
  readonly tail: Tail;
}
