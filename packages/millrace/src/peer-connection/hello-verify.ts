// RFC 6347 §4.2.1: what a DTLS server needs in order to have its client prove that it is where the path leads.
import { randomBytes } from 'node:crypto';
import type { HelloVerifyOptions } from '@millrace/dtls';
import type { Route } from '@millrace/ice';

/** Signs the cookies of all connections of this process. */
const secret = randomBytes(32);

export function helloVerify(route: Route | undefined): HelloVerifyOptions {
  const { address = '', port = 0 } = route?.remote ?? {};
  return { secret, clientAddress: Buffer.from(`${address} ${port}`) };
}
