// The form of the attributes that speak of RTP. A line that has another form is an error of the text, found while the
// description is read; what the lines mean together is read.ts's.

export type RtpAttribute =
  | 'rtpmap'
  | 'fmtp'
  | 'rtcp-fb'
  | 'extmap'
  | 'msid'
  | 'ssrc'
  | 'ssrc-group'
  | 'rid'
  | 'simulcast';

/** By the name of the attribute; its groups are what read.ts takes out of it. */
export const RTP_ATTRIBUTES: Readonly<Record<RtpAttribute, RegExp>> = {
  rtpmap: /^(\d{1,3}) +([A-Za-z0-9!#$%&'*+.^_`{|}~-]+)\/(\d{1,10})(?:\/(\d{1,3}))?$/, // RFC 8866 §6.6
  fmtp: /^(\d{1,3})(?: +(.*))?$/, // RFC 8866 §6.15
  'rtcp-fb': /^(\*|\d{1,3}) +(\S+(?: +\S+)*)$/, // RFC 4585 §4.2
  extmap: /^(\d{1,4})(?:\/(sendrecv|sendonly|recvonly|inactive))? +(\S+)(?: +.*)?$/, // RFC 8285 §8
  msid: /^(\S+)(?: +(\S+))?$/, // RFC 8830 §2
  ssrc: /^(\d{1,10}) +([^\s:]+)(?::(.*))?$/, // RFC 5576 §4.1
  'ssrc-group': /^(\S+)((?: +\d{1,10})*)$/, // RFC 5576 §4.2
  rid: /^([A-Za-z0-9_-]{1,255}) +(send|recv)(?: +(\S+))?$/, // RFC 8851 §10, with the `_` of RFC 8851's first readers
  simulcast: /^(send|recv) +(\S+)(?: +(send|recv) +(\S+))?$/, // RFC 8853 §5.1
};

export function isRtpAttribute(name: string): name is RtpAttribute {
  return Object.hasOwn(RTP_ATTRIBUTES, name);
}

/** Whether a line that is known here has the form it must have. */
export function isWellFormed(name: RtpAttribute, value: string): boolean {
  return RTP_ATTRIBUTES[name].test(value);
}
