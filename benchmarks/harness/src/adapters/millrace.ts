import type { Implementation } from '../implementation.ts';
import { installedVersion } from './installed-version.ts';
import { type StandardConstructor, StandardPeer } from './standard.ts';

/** This variable of the environment may hold a `MillraceConfiguration` as JSON. */
const CONFIGURATION = 'MILLRACE_BENCH_CONFIGURATION';

/** Which native parts it may use is for the environment to say: see `ENVIRONMENTS`. */
export async function load(name: 'millrace' | 'millrace-portable'): Promise<Implementation> {
  const { RTCPeerConnection } = (await import('millrace')) as unknown as {
    RTCPeerConnection: StandardConstructor;
  };
  const quirks = {
    configuration: { millrace: JSON.parse(process.env[CONFIGURATION] ?? '{}') },
    // As node-datachannel and werift do with their Buffers.
    binaryType: 'uint8array',
  };
  return {
    name,
    version: installedVersion('millrace'),
    createPeer: (options) => new StandardPeer(RTCPeerConnection, quirks, options),
    shutdown() {},
  };
}
