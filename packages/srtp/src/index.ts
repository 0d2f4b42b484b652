export type { SrtpAeadKey, SrtpCryptos, SrtpCtrKey, SrtpHmacKey } from './cryptos.ts';
export { DROP_REASONS, type SrtpDropReason } from './drops.ts';
export { SrtpError, type SrtpErrorCode } from './errors.ts';
export type { SrtpOptions, SrtpReceiverOptions, SrtpSenderOptions } from './options.ts';
export {
  EXPORTER_LABEL,
  keyingMaterialBytes,
  type MasterKey,
  PROFILES,
  type ProfileInfo,
  profileOf,
  type SrtpProfile,
  splitKeyingMaterial,
} from './profiles.ts';
export { SrtpReceiver } from './receiver.ts';
export { SrtpSender } from './sender.ts';
