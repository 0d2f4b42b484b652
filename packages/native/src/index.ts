export {
  AEAD_NONCE_BYTES,
  AEAD_TAG_BYTES,
  type AeadAlgorithm,
  type AeadKey,
  type BlockKey,
  type CtrKey,
  type HmacKey,
  type NativeAead,
  type NativeCiphers,
  type NativeSrtp,
  type RecordKey,
  type RecordKey13,
  type SequenceMask,
} from './crypto/keys.ts';
export { NativeError, type NativeErrorCode } from './errors.ts';
export { loadNative, type Native, type NativeOptions, type Probe, probeNative } from './native.ts';
export type {
  NativeSocket,
  NativeUdp,
  ReceivePath,
  SendPath,
  UdpAddress,
  UdpHandlers,
  UdpRun,
  UdpStats,
} from './udp/port.ts';
