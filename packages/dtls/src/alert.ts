// Alerts: two bytes, level and description. RFC 5246 §7.2, RFC 7301 and RFC 5746 add none that is used here.

export const ALERT_LEVEL = { warning: 1, fatal: 2 } as const;

export const ALERT = {
  closeNotify: 0,
  unexpectedMessage: 10,
  handshakeFailure: 40,
  noCertificate: 41,
  badCertificate: 42,
  unsupportedCertificate: 43,
  illegalParameter: 47,
  decodeError: 50,
  decryptError: 51,
  protocolVersion: 70,
  userCanceled: 90,
  unsupportedExtension: 110,
} as const;

export const ALERT_BYTES = 2;
