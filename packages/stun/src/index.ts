export { canonicalAddress, formatAddress, isIpv6, parseAddress, type TransportAddress } from './address.ts';
export type { LongTermCrypto, StunCrypto } from './crypto.ts';
export { StunError, type StunErrorCode } from './errors.ts';
