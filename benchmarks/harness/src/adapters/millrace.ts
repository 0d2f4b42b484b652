import type { Implementation } from '../implementation.ts';
import { installedVersion } from './installed-version.ts';
import { type StandardConstructor, StandardPeer } from './standard.ts';

export async function load(): Promise<Implementation> {
  const { RTCPeerConnection } = (await import('millrace')) as unknown as {
    RTCPeerConnection: StandardConstructor;
  };
  const quirks = { configuration: {} };
  return {
    name: 'millrace',
    version: installedVersion('millrace'),
    createPeer: (options) => new StandardPeer(RTCPeerConnection, quirks, options),
    shutdown() {},
  };
}
