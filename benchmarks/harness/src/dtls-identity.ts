// The identity of both sides of a handshake: self-signed, ECDSA on P-256. Its key is public by being here; nothing may
// ever trust it.

export const CERTIFICATE_PEM = `-----BEGIN CERTIFICATE-----
MIIBgjCCASegAwIBAgIUWU3dH/J+i5hG5G+66Fmx2H4ZVXowCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKYmVuY2gtb25seTAgFw0yNjExMjIxMzM4MDdaGA8yMTI2MTAy
OTEzMzgwN1owFTETMBEGA1UEAwwKYmVuY2gtb25seTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABLsD3xsQyNXSFR5F1SpyUlm/PxLzkXtNIE8/Ea+4niiHqyBRDlRJ
vl+5VL7TEBxrBfrV10BZU5m+DLKw6ehMed2jUzBRMB0GA1UdDgQWBBSSjqmB3uY5
IQzoy6BfXEEEtzTd3TAfBgNVHSMEGDAWgBSSjqmB3uY5IQzoy6BfXEEEtzTd3TAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCgLYX9JyplKdwmAM39
wO+rNP0R945NS36Voo0LRxqRFAIhANPd4o9Rnp8oaqINjSRRMVLx1aD0HODUPoMb
mz2lqBEi
-----END CERTIFICATE-----
`;

export const PRIVATE_KEY_PEM = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgI6MxcjKfnq7PMmoH
0kGt3SWCTvTvwXEaXbezl0g7jeihRANCAAS7A98bEMjV0hUeRdUqclJZvz8S85F7
TSBPPxGvuJ4oh6sgUQ5USb5fuVS+0xAcawX61ddAWVOZvgyysOnoTHnd
-----END PRIVATE KEY-----
`;

/** What a PEM block holds. */
export function der(pem: string): Uint8Array {
  return new Uint8Array(Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64'));
}
