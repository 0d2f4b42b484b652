// FOR TESTS ONLY: two identities whose private keys are public by being here; nothing may ever trust them.
import type { DtlsCertificate } from '@millrace/dtls';
import { nodeDtlsCertificate } from '@millrace/dtls/node-crypto';

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

const FIRST = {
  certificate: bytes(
    'MIIBjzCCATWgAwIBAgIUV4CdL1d6Ea7v8NTuSfgK5ZTkIYcwCgYIKoZIzj0EAwIwHDEaMBgGA1UEAwwRdGVzdC1vbmx5LWVjZHNh' +
      'LTEwIBcNMjYxMTIyMTAyOTA1WhgPMjEyNjEwMjkxMDI5MDVaMBwxGjAYBgNVBAMMEXRlc3Qtb25seS1lY2RzYS0xMFkwEwYHKoZI' +
      'zj0CAQYIKoZIzj0DAQcDQgAEmJ2f6j469IiCMA7ucgm5kC/NWlAZU8OPTM7T/O0scyE3VW0pFzOcNp4bcZr1wHXQccj5wKWZRG6l' +
      'HGOIvFa6PqNTMFEwHQYDVR0OBBYEFPQsPS0UD7djhQp5wr0140ljpDhuMB8GA1UdIwQYMBaAFPQsPS0UD7djhQp5wr0140ljpDhu' +
      'MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAOhc//ySz733No02WGRxJE3RI0miQFHIRiZYBFM6O/D4AiB2hgWC' +
      'USPpb7PESGjP08ODou2sU6npSKuE4pZBXjPfIw==',
  ),
  privateKey: bytes(
    'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtgFFzWs3yLdKM+hx9P3uj7DheZYIkWYsITr14ZUWgH+hRANCAASY' +
      'nZ/qPjr0iIIwDu5yCbmQL81aUBlTw49MztP87SxzITdVbSkXM5w2nhtxmvXAddBxyPnApZlEbqUcY4i8Vro+',
  ),
};

const SECOND = {
  certificate: bytes(
    'MIIBjzCCATWgAwIBAgIUJOCgPA8XTW7x2Qs+Blm9jrMpnd8wCgYIKoZIzj0EAwIwHDEaMBgGA1UEAwwRdGVzdC1vbmx5LWVjZHNh' +
      'LTIwIBcNMjYxMTIyMTAyOTA1WhgPMjEyNjEwMjkxMDI5MDVaMBwxGjAYBgNVBAMMEXRlc3Qtb25seS1lY2RzYS0yMFkwEwYHKoZI' +
      'zj0CAQYIKoZIzj0DAQcDQgAEaryvbVFvzwo/O2qtemDnYAnG2nnHXH5Tf4G+2ZrRfL4pOF5hQBOdw7IhShx8p8hUFumCP4yWgK4Z' +
      'A8fvH9WisKNTMFEwHQYDVR0OBBYEFKu3xj2NeN582/41TppkWlwasgYYMB8GA1UdIwQYMBaAFKu3xj2NeN582/41TppkWlwasgYY' +
      'MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgEuv0jeQ44/47Bvq6bx5N+mqGzGedw4YTBEouMhW8HVYCIQC1W3Tf' +
      'c5ZSkuHoU804sEoCFsEhJBxIeGklF/TIm01eig==',
  ),
  privateKey: bytes(
    'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgw17GT0WfK9nzXndqF3ROky8I+nVlEUlj7ChmXSea8TehRANCAARq' +
      'vK9tUW/PCj87aq16YOdgCcbaecdcflN/gb7ZmtF8vik4XmFAE53DsiFKHHynyFQW6YI/jJaArhkDx+8f1aKw',
  ),
};

export const CLIENT_IDENTITY: DtlsCertificate = nodeDtlsCertificate(FIRST.certificate, FIRST.privateKey);
export const SERVER_IDENTITY: DtlsCertificate = nodeDtlsCertificate(SECOND.certificate, SECOND.privateKey);
