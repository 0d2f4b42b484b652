import type { Implementation } from '../implementation.ts';
import { installedVersion } from './installed-version.ts';
import { type StandardConstructor, StandardPeer } from './standard.ts';

/** Which native parts it may use is for the environment to say: see `ENVIRONMENTS`. */
export async function load(name: 'millrace' | 'millrace-portable'): Promise<Implementation> {
  const { RTCPeerConnection } = (await import('millrace')) as unknown as {
    RTCPeerConnection: StandardConstructor;
  };
  const quirks = { configuration: {} };
  return {
    name,
    version: installedVersion('millrace'),
    createPeer: (options) => new StandardPeer(RTCPeerConnection, quirks, options),
    shutdown() {},
  };
}
