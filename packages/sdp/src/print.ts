// A session description as text (RFC 8866), in the order of lines that browsers write.
import { formatBase64 } from './base64.ts';
import { DEFAULT_MAX_MESSAGE_SIZE, DEFAULT_SCTP_PORT } from './options.ts';
import { type Attribute, isDataSection, type MediaSection, type SessionDescription } from './session.ts';

/** The text of a description. */
export function formatSessionDescription(description: SessionDescription): string {
  const { origin } = description;
  const lines = [
    'v=0',
    `o=${origin.username} ${origin.sessionId} ${origin.sessionVersion} IN ${network(origin.address)} ${origin.address}`,
    's=-',
    't=0 0',
  ];
  if (description.iceLite) lines.push('a=ice-lite');
  for (const mids of description.bundles) lines.push(`a=${['group:BUNDLE', ...mids].join(' ')}`);
  for (const attribute of description.attributes) lines.push(printed(attribute));
  for (const section of description.media) pushSection(lines, section);
  return `${lines.join('\r\n')}\r\n`;
}

function pushSection(lines: string[], section: MediaSection): void {
  lines.push(`m=${section.kind} ${section.port} ${section.protocol} ${section.formats.join(' ')}`);
  lines.push(`c=IN ${network(section.address)} ${section.address}`);
  for (const candidate of section.candidates) lines.push(`a=${candidate}`);
  if (section.endOfCandidates) lines.push('a=end-of-candidates');
  if (section.ice !== undefined) {
    lines.push(`a=ice-ufrag:${section.ice.usernameFragment}`);
    lines.push(`a=ice-pwd:${section.ice.password}`);
  }
  if (section.iceOptions.length > 0) lines.push(`a=ice-options:${section.iceOptions.join(' ')}`);
  for (const { algorithm, value } of section.fingerprints) lines.push(`a=fingerprint:${algorithm} ${value}`);
  if (section.setup !== undefined) lines.push(`a=setup:${section.setup}`);
  if (section.mid !== undefined) lines.push(`a=mid:${section.mid}`);
  if (section.bundleOnly) lines.push('a=bundle-only');
  if (section.direction !== 'sendrecv') lines.push(`a=${section.direction}`);
  if (isDataSection(section) && !section.rejected) {
    if (section.formats.includes('webrtc-datachannel')) lines.push(`a=sctp-port:${section.sctpPort}`);
    lines.push(`a=max-message-size:${section.maxMessageSize}`);
    if (section.sctpInit) lines.push(`a=sctp-init:${formatBase64(section.sctpInit)}`);
  } else {
    // Said where it means nothing: kept all the same.
    if (section.sctpPort !== DEFAULT_SCTP_PORT) lines.push(`a=sctp-port:${section.sctpPort}`);
    if (section.maxMessageSize !== DEFAULT_MAX_MESSAGE_SIZE)
      lines.push(`a=max-message-size:${section.maxMessageSize}`);
  }
  for (const attribute of section.attributes) lines.push(printed(attribute));
}

function printed({ name, value }: Attribute): string {
  return value === undefined ? `a=${name}` : `a=${name}:${value}`;
}

function network(address: string): 'IP4' | 'IP6' {
  return address.includes(':') ? 'IP6' : 'IP4';
}
