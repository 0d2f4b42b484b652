// NewSessionTicket. RFC 8446 §4.6.1.
import { parseExtensionList } from '../../handshake/extensions.ts';
import { Reader } from '../../presentation/reader.ts';
import { Writer } from '../../presentation/writer.ts';

export interface NewSessionTicket {
  /** Seconds. */
  readonly lifetime: number;
  readonly ageAdd: number;
  readonly nonce: Uint8Array;
  readonly ticket: Uint8Array;
}

export function parseNewSessionTicket(body: Uint8Array): NewSessionTicket | undefined {
  const reader = new Reader(body);
  const lifetime = reader.u32();
  const ageAdd = reader.u32();
  const nonce = reader.vector8();
  const ticket = reader.vector16(1);
  const extensions = parseExtensionList(reader);
  if (extensions === undefined || !reader.isDone) return undefined;
  return { lifetime, ageAdd, nonce, ticket };
}

export function writeNewSessionTicket(ticket: NewSessionTicket): Uint8Array {
  return new Writer()
    .u32(ticket.lifetime)
    .u32(ticket.ageAdd)
    .vector8(ticket.nonce)
    .vector16(ticket.ticket)
    .u16(0)
    .finish();
}
