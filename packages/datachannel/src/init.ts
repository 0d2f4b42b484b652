// What a channel may be (RFC 8832 §5.1).
import type { ChannelInit } from './channel.ts';
import type { Open } from './dcep.ts';
import { DataChannelError } from './errors.ts';
import { DEFAULT_PRIORITY, MAX_NAME_BYTES } from './options.ts';
import { MAX_ID } from './stream-ids.ts';
import { utf8Length } from './text.ts';

/** `init` with its defaults; throws if there can be no such channel. */
export function checkInit(init: ChannelInit): Open {
  const { label = '', protocol = '', ordered = true, priority = DEFAULT_PRIORITY } = init;
  const { maxRetransmits, maxPacketLifeTime, negotiated = false, id } = init;
  if (utf8Length(label) > MAX_NAME_BYTES) throw new DataChannelError('LABEL_TOO_LONG');
  if (utf8Length(protocol) > MAX_NAME_BYTES) throw new DataChannelError('PROTOCOL_TOO_LONG');
  if (maxRetransmits !== undefined && maxPacketLifeTime !== undefined)
    throw new DataChannelError('TWO_LIMITS');
  if (!isUnsigned(maxRetransmits ?? maxPacketLifeTime ?? 0, 0xffff_ffff))
    throw new DataChannelError('BAD_LIMIT');
  if (!isUnsigned(priority, 0xffff)) throw new DataChannelError('BAD_PRIORITY');
  // An id of a channel that is not negotiated is ours to choose, so none may be given.
  if (negotiated ? !isUnsigned(id, MAX_ID) : id !== undefined) throw new DataChannelError('BAD_ID');
  return { label, protocol, ordered, maxRetransmits, maxPacketLifeTime, priority };
}

function isUnsigned(value: number | undefined, most: number): boolean {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= most;
}
