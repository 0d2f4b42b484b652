// Payload protocol identifiers (RFC 8831 §8): what a message is, told outside its bytes.

export const PPID_DCEP = 50;
export const PPID_STRING = 51;
export const PPID_BINARY = 53;
/** SCTP carries no empty messages: one zero byte stands for none (RFC 8831 §6.6). */
export const PPID_STRING_EMPTY = 56;
export const PPID_BINARY_EMPTY = 57;
// 52 and 54 marked parts of messages in drafts of RFC 8831. It deprecates them: such parts are dropped.
