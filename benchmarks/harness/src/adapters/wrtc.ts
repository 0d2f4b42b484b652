// @roamhq/wrtc: Chromium's stack behind Node-API.
import type { Implementation } from '../implementation.ts';
import { installedVersion } from './installed-version.ts';
import { type StandardConstructor, StandardPeer } from './standard.ts';

export async function load(): Promise<Implementation> {
  const { default: wrtc } = (await import('@roamhq/wrtc')) as unknown as {
    default: { RTCPeerConnection: StandardConstructor };
  };
  // It has the threshold but never fires the event.
  const quirks = { configuration: { iceServers: [] }, reportsLow: false };
  return {
    name: 'wrtc',
    version: installedVersion('@roamhq/wrtc'),
    createPeer: (options) => new StandardPeer(wrtc.RTCPeerConnection, quirks, options),
    shutdown() {},
  };
}
