// Compiled, never run: millrace's data channels where the DOM's are expected, and code written for a browser on
// millrace's.

import type { RTCDataChannelInit as MillraceInit } from '../../src/data-channel/init.ts';
import type {
  RTCDataChannel as MillraceChannel,
  RTCDataChannelEvent as MillraceChannelEvent,
} from '../../src/data-channel/rtc-data-channel.ts';
import type { RTCError as MillraceError, RTCErrorEvent as MillraceErrorEvent } from '../../src/errors.ts';

declare const channel: MillraceChannel;
declare const channelEvent: MillraceChannelEvent;
declare const error: MillraceError;
declare const errorEvent: MillraceErrorEvent;
declare const domInit: globalThis.RTCDataChannelInit;

export const domChannel: globalThis.RTCDataChannel = channel;
export const domChannelEvent: globalThis.RTCDataChannelEvent = channelEvent;
export const domError: globalThis.RTCError = error;
export const domErrorEvent: globalThis.RTCErrorEvent = errorEvent;
export const init: MillraceInit = domInit;
export const target: EventTarget = channel;

/** Written for a browser. */
export function chat(dc: globalThis.RTCDataChannel, log: (line: string) => void): void {
  dc.binaryType = 'arraybuffer';
  dc.bufferedAmountLowThreshold = 65_536;
  dc.onopen = () => dc.send('hello');
  dc.onmessage = (event) => log(event.data);
  dc.onerror = (event) => log(event.error.message);
  dc.onclose = null;
  dc.addEventListener('bufferedamountlow', () => dc.send(new Uint8Array(16)), { once: true });
  dc.addEventListener('message', function (event) {
    this.send(event.data);
  });
  if (dc.readyState === 'open' && dc.bufferedAmount === 0) dc.close();
}
chat(channel, () => {});

/** The same on millrace's type. */
export function onMillrace(log: (line: string) => void): void {
  channel.onmessage = (event) => log(event.data);
  channel.onmessage = function ({ data }) {
    this.send(data);
  };
  channel.onerror = ({ error: { errorDetail, sctpCauseCode } }) => log(`${errorDetail} ${sctpCauseCode}`);
  channel.addEventListener('message', (event) => log(event.data));
  channel.addEventListener('error', (event) => log(event.error.message));
  channel.addEventListener('anything', (event) => log(event.type));
  const listener = { handleEvent: (event: Event): void => log(event.type) };
  channel.addEventListener('close', listener);
  channel.removeEventListener('close', listener);
  channel.send('text');
  channel.send(new ArrayBuffer(1));
  channel.send(new Uint8Array(1));
  channel.send(new DataView(new ArrayBuffer(1)));
  channel.send(new Blob([]));
  // @ts-expect-error: read-only
  channel.readyState = 'open';
  channel.binaryType = 'uint8array';
  // @ts-expect-error: not a type of binary data
  channel.binaryType = 'text';
  // @ts-expect-error: the error event has no data
  channel.onerror = (event) => event.data;
}

/** What millrace adds. */
export async function nodeSurface(file: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  await using dc = channel;
  await dc.ready;
  for await (const message of dc) {
    const kinds: string | ArrayBuffer | Uint8Array<ArrayBuffer> | Blob = message;
    dc.send(kinds);
  }
  await file.pipeTo(dc.writable);
  for await (const chunk of dc.readable) {
    const kinds: string | Uint8Array = chunk;
    dc.send(kinds);
  }
  await dc.closed;
}
