// The two identities of the DTLS tests: their private keys are public by being there; nothing may ever trust them.
import type { DtlsCertificate } from '@millrace/dtls';
import { ECDSA_P256, identityOf, OTHER_ECDSA_P256 } from '../packages/dtls/test/fixtures/certificates.ts';

export const CLIENT_IDENTITY: DtlsCertificate = identityOf(ECDSA_P256);
export const SERVER_IDENTITY: DtlsCertificate = identityOf(OTHER_ECDSA_P256);
