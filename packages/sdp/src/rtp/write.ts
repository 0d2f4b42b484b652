// The RTP description of a section as attributes, in the order browsers write them.
import type { Attribute } from '../session.ts';
import type { RtpDescription, SimulcastStreams } from './description.ts';

export function writeRtp(rtp: RtpDescription): Attribute[] {
  const attributes: Attribute[] = [];
  const add = (name: string, value?: string): void => void attributes.push({ name, value });
  if (rtp.allowMixedExtensions) add('extmap-allow-mixed');
  for (const { id, uri, direction } of rtp.extensions)
    add('extmap', `${id}${direction === undefined ? '' : `/${direction}`} ${uri}`);
  for (const { stream, track } of rtp.msids) add('msid', track === undefined ? stream : `${stream} ${track}`);
  if (rtp.rtcpMux) add('rtcp-mux');
  if (rtp.rtcpReducedSize) add('rtcp-rsize');
  for (const { payloadType, name, clockRate, channels, parameters, feedback } of rtp.codecs) {
    add('rtpmap', `${payloadType} ${name}/${clockRate}${channels === undefined ? '' : `/${channels}`}`);
    for (const kind of feedback) add('rtcp-fb', `${payloadType} ${kind}`);
    if (parameters !== '') add('fmtp', `${payloadType} ${parameters}`);
  }
  for (const { id, direction, restrictions } of rtp.rids)
    add('rid', restrictions === '' ? `${id} ${direction}` : `${id} ${direction} ${restrictions}`);
  const simulcast = [streams('send', rtp.simulcastSend), streams('recv', rtp.simulcastReceive)];
  if (simulcast.some(Boolean)) add('simulcast', simulcast.filter(Boolean).join(' '));
  for (const { semantics, ssrcs } of rtp.sourceGroups) add('ssrc-group', [semantics, ...ssrcs].join(' '));
  for (const { ssrc, cname } of rtp.sources) add('ssrc', `${ssrc} cname:${cname ?? '-'}`);
  return attributes;
}

function streams(direction: string, list: SimulcastStreams): string {
  if (list.length === 0) return '';
  return `${direction} ${list.map((alternatives) => alternatives.join(',')).join(';')}`;
}
