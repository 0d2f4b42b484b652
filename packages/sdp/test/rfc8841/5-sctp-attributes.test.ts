import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  checkOffer,
  createAnswer,
  dataSection,
  formatSessionDescription,
  isDataSection,
  maxSendSize,
  parseSessionDescription,
} from '@millrace/sdp';
import {
  CHROMIUM_OFFER,
  codeOf,
  edit,
  FIREFOX_OFFER,
  good,
  LOCAL,
  parsed,
  section,
} from '../descriptions.ts';

const OLD_STYLE_OFFER = edit(
  edit(
    edit(CHROMIUM_OFFER, 'm=', 'm=application 9 DTLS/SCTP 5001'),
    'a=sctp-port',
    'a=sctpmap:5001 webrtc-datachannel 1024',
  ),
  'a=max-message-size',
);

describe('RFC 8841 §4 and §5 the section of an association', () => {
  test('§4.2 UDP/DTLS/SCTP, TCP/DTLS/SCTP and the DTLS/SCTP of drafts are data sections', () => {
    for (const protocol of ['UDP/DTLS/SCTP', 'TCP/DTLS/SCTP', 'DTLS/SCTP']) {
      const sdp = edit(CHROMIUM_OFFER, 'm=', `m=application 9 ${protocol} webrtc-datachannel`);
      assert.ok(dataSection(parsed(sdp)), protocol);
    }
  });

  test('§4.2 other protocols, kinds and usages are not', () => {
    for (const line of [
      'm=application 9 UDP/SCTP webrtc-datachannel',
      'm=application 9 UDP/DTLS/SCTP bfcp',
      'm=audio 9 UDP/DTLS/SCTP webrtc-datachannel',
    ])
      assert.equal(isDataSection(section(edit(CHROMIUM_OFFER, 'm=', line))), false, line);
  });

  test('§5.2 sctp-port is read, and is 5000 where no line says so', () => {
    assert.equal(section(edit(CHROMIUM_OFFER, 'a=sctp-port', 'a=sctp-port:7000')).sctpPort, 7000);
    assert.equal(section(edit(CHROMIUM_OFFER, 'a=sctp-port')).sctpPort, 5000);
  });

  for (const value of ['65536', '-1', 'x', '', '5000 5001']) {
    test(`§5.2 an sctp-port of '${value}' is MALFORMED_ATTRIBUTE`, () => {
      const sdp = edit(CHROMIUM_OFFER, 'a=sctp-port', `a=sctp-port:${value}`);
      assert.equal(codeOf(parseSessionDescription(sdp)), 'MALFORMED_ATTRIBUTE');
    });
  }

  test('§5.2 an sctp-port of 0 is refused where an association is wanted', () => {
    const sdp = edit(CHROMIUM_OFFER, 'a=sctp-port', 'a=sctp-port:0');
    assert.equal(codeOf(checkOffer(parsed(sdp))), 'MALFORMED_ATTRIBUTE');
  });

  test('the sctpmap of drafts names port and usage, and is answered in kind', () => {
    const offer = parsed(OLD_STYLE_OFFER);
    assert.equal(dataSection(offer)?.sctpPort, 5001);
    const answer = formatSessionDescription(good(createAnswer(LOCAL, offer)));
    assert.match(answer, /^m=application 9 DTLS\/SCTP 5000\r$/m);
    assert.match(answer, /^a=sctpmap:5000 webrtc-datachannel 65535\r$/m);
    assert.doesNotMatch(answer, /sctp-port/);
    const sctpPort = section(answer).sctpPort;
    assert.equal(sctpPort, 5000);
  });
});

describe('RFC 8841 §6 max-message-size', () => {
  test('what Chromium and Firefox announce is read', () => {
    assert.equal(section(CHROMIUM_OFFER).maxMessageSize, 262_144);
    assert.equal(section(FIREFOX_OFFER).maxMessageSize, 1_073_741_823);
  });

  test('§6.1 a missing line is 65536: Chromium leaves it out of an answer then', () => {
    assert.equal(section(edit(CHROMIUM_OFFER, 'a=max-message-size')).maxMessageSize, 65_536);
  });

  test('§6.1 0 is any size, and a number too large to count is the largest that can be', () => {
    assert.equal(section(edit(CHROMIUM_OFFER, 'a=max-', 'a=max-message-size:0')).maxMessageSize, 0);
    const huge = edit(CHROMIUM_OFFER, 'a=max-', `a=max-message-size:${'9'.repeat(400)}`);
    assert.equal(section(huge).maxMessageSize, Number.MAX_SAFE_INTEGER);
  });

  for (const value of ['-1', 'x', '', '1e5']) {
    test(`a max-message-size of '${value}' is MALFORMED_ATTRIBUTE`, () => {
      const sdp = edit(CHROMIUM_OFFER, 'a=max-', `a=max-message-size:${value}`);
      assert.equal(codeOf(parseSessionDescription(sdp)), 'MALFORMED_ATTRIBUTE');
    });
  }

  test('the longest message sent is the smaller of both limits, and 0 is none', () => {
    assert.equal(maxSendSize(65_536, 262_144), 65_536);
    assert.equal(maxSendSize(262_144, 65_536), 65_536);
    assert.equal(maxSendSize(0, 65_536), 65_536);
    assert.equal(maxSendSize(65_536), 65_536);
    assert.equal(maxSendSize(0), Number.POSITIVE_INFINITY);
  });

  test('§9.3 an answer announces our own size, whatever the offer said', () => {
    const small = parsed(edit(CHROMIUM_OFFER, 'a=max-', 'a=max-message-size:1000'));
    assert.equal(dataSection(good(createAnswer(LOCAL, small)))?.maxMessageSize, 262_144);
  });
});
