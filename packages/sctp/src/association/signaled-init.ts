// INIT chunks that travel by signaling in place of the handshake (draft-hancke-tsvwg-snap): both ends' INITs together
// say all that four chunks would, and what is below SCTP has proven who is there.
import { u16 } from '@millrace/sans-io';
import {
  MAX_SIGNALED_INIT_BYTES,
  type ResolvedOptions,
  resolveOptions,
  type SctpOptions,
} from '../options.ts';
import { CHUNK } from '../packet/chunks.ts';
import { type Init, makeInit, parseInit } from '../packet/init.ts';
import { commonCapabilities, ourOffer } from './capabilities.ts';
import type { Agreement } from './tcb.ts';

/** Options that say with which numbers an association begins. */
export type FixedSctpOptions = SctpOptions & Required<Pick<SctpOptions, 'initiateTag' | 'initialTsn'>>;

/** The INIT chunk, without padding, that an association of these options sends: for signaling it beforehand. */
export function signaledInit(options: FixedSctpOptions): Uint8Array {
  const resolved = resolveOptions(options);
  const init = ourInit(resolved, options.initiateTag, options.initialTsn);
  return init.subarray(0, u16(init, 2));
}

/** Whether `chunk`, which has come by signaling, is an INIT that `connect` takes. Nothing in it makes this throw. */
export function isSignaledInit(chunk: Uint8Array): boolean {
  return readSignaledInit(chunk) !== undefined;
}

/** What `chunk` says, if it is one whole INIT chunk, padded or not, with which an association can be. */
export function readSignaledInit(chunk: Uint8Array): Init | undefined {
  if (chunk.length < 4 || chunk.length > MAX_SIGNALED_INIT_BYTES || chunk[0] !== CHUNK.INIT) return undefined;
  const length = u16(chunk, 2);
  if (length > chunk.length || chunk.length - length > 3) return undefined;
  const init = parseInit(chunk, 0, length);
  // RFC 9260 §3.3.2: neither tag nor numbers of streams may be 0.
  if (init === undefined || init.initiateTag === 0) return undefined;
  return init.outboundStreams === 0 || init.inboundStreams === 0 ? undefined : init;
}

/** What our INIT and the peer's settle. */
export function agreementOf(
  theirs: Init,
  options: ResolvedOptions,
  localTag: number,
  localInitialTsn: number,
): Agreement {
  return {
    localTag,
    peerTag: theirs.initiateTag,
    localInitialTsn,
    peerInitialTsn: theirs.initialTsn,
    peerWindow: theirs.window,
    outboundStreams: Math.min(options.outboundStreams, theirs.inboundStreams),
    inboundStreams: Math.min(options.inboundStreams, theirs.outboundStreams),
    capabilities: commonCapabilities(theirs, options),
  };
}

/** Our INIT chunk, padded. */
export function ourInit(
  options: ResolvedOptions,
  initiateTag: number,
  initialTsn: number,
  cookiePreservative?: number,
): Uint8Array {
  return makeInit(CHUNK.INIT, {
    initiateTag,
    window: options.receiveWindow,
    outboundStreams: options.outboundStreams,
    inboundStreams: options.inboundStreams,
    initialTsn,
    ...ourOffer(options),
    ...(cookiePreservative === undefined ? {} : { cookiePreservative }),
    unrecognized: [],
  });
}
