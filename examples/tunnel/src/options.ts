// Every limit of the tunnel, with its unit. What the command line can change says so.

export const LIMITS: Limits = {
  /** Bytes of one binary message on a channel. */
  messageBytes: 64 * 1024,
  /** Bytes of a body that may be under way or unread on one channel; a quarter of it is granted anew at a time. */
  windowBytes: 1024 * 1024,
  /** Bytes of the head of a request or response as JSON. */
  headBytes: 64 * 1024,
  /** Characters of a text message. */
  controlCharacters: 256,
  /** Channels that are kept open for requests to come. */
  keptChannels: 32,
  /** Bytes of the head of a request to the listener (--header-bytes). */
  headerBytes: 16 * 1024,
  /** Requests at one time, of all peers together (--max-requests). */
  requests: 256,
  /** Bytes of a request body kept for another attempt, at another upstream. No more than the window. */
  replayBytes: 1024 * 1024,
  /** Bytes of a request body whose shape is checked (--max-body sets it, and limits all other bodies too). */
  checkedBodyBytes: 16 * 1024 * 1024,
  /** Bytes looked through for the id of the first event. */
  firstEventBytes: 64 * 1024,
  /** Nesting of a checked body. */
  depth: 256,
  /** Milliseconds until an upstream must have accepted a connection. */
  connectMillis: 5_000,
  /** Milliseconds that an upstream may say nothing while it is waited for (--idle, in seconds). */
  idleMillis: 60_000,
  /** Milliseconds that an upstream which failed is passed over: doubling from the first to the last. */
  firstBackOffMillis: 1_000,
  lastBackOffMillis: 30_000,
  /** Milliseconds that an unused connection to an upstream is kept. */
  keptConnectionMillis: 4_000,
  /** Keys in a file, characters of it, keys remembered, and milliseconds for which they are. */
  keys: 100_000,
  keyFileBytes: 16 * 1024 * 1024,
  rememberedKeys: 1_024,
  rememberedMillis: 60_000,
};

type Limits = Readonly<
  Record<
    | 'messageBytes'
    | 'windowBytes'
    | 'headBytes'
    | 'controlCharacters'
    | 'keptChannels'
    | 'headerBytes'
    | 'requests'
    | 'replayBytes'
    | 'checkedBodyBytes'
    | 'firstEventBytes'
    | 'depth'
    | 'connectMillis'
    | 'idleMillis'
    | 'firstBackOffMillis'
    | 'lastBackOffMillis'
    | 'keptConnectionMillis'
    | 'keys'
    | 'keyFileBytes'
    | 'rememberedKeys'
    | 'rememberedMillis',
    number
  >
>;
