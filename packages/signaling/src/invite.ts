// An invitation: server, room and token in one string that people can pass on. The token stands behind the `#`,
// which no browser sends to a server and no proxy writes to a log.
import { SignalingError } from './errors.ts';

export interface Invite {
  /** The signaling server, without a slash at the end. */
  readonly url: string;
  readonly room: string;
  readonly token: string;
}

export function formatInvite({ url, room, token }: Invite): string {
  return `${baseUrl(url)}/rooms/${room}#${token}`;
}

/** Throws `BAD_INVITE` if `text` is not an invitation. */
export function parseInvite(text: string): Invite {
  const [, url, room, token] = INVITE.exec(text.trim()) ?? [];
  if (url === undefined || room === undefined || token === undefined || !URL.canParse(url))
    throw new SignalingError('BAD_INVITE');
  return { url, room, token };
}

export function isInvite(text: string): boolean {
  return INVITE.test(text.trim());
}

export function baseUrl(url: string): string {
  return url.replace(/\/+$/, '');
}

const INVITE = /^(https?:\/\/[^\s#?]+?)\/+rooms\/([a-z2-9]+)#([a-z2-9]+)$/;
