import type { Defect } from '../harness/implementation.ts';

const ROLE = {
  says: 'refuses an offer that says which DTLS role is held: only actpass will do',
  evidence: 'rtcpeerconnection.py, __validate_description; RFC 8842 §5.2 has later offers keep the role',
  failure: /DTLS setup attribute must be 'actpass'/,
  seen: 'always',
  breaksConnection: true,
} as const;

export const defects: readonly Defect[] = [
  { ...ROLE, claim: 're-offer', at: 'to' },
  { ...ROLE, claim: 'restart', at: 'to' },
  {
    claim: 'restart',
    at: 'from',
    says: 'cannot restart ICE: its later offers have the credentials of before',
    evidence: 'createOffer takes no options',
    failure: /credentials of before/,
    seen: 'always',
    breaksConnection: true,
  },
  {
    claim: 'relay-only',
    at: 'from',
    says: 'has no iceTransportPolicy: it gives all its candidates',
    evidence: 'RTCConfiguration has iceServers alone',
    failure: /not only relays/,
    seen: 'always',
  },
  {
    claim: 'names-not-ascii',
    at: 'from',
    says: 'writes the length of label and protocol in characters, not bytes',
    evidence: "'мельница 🌊' arrives as 'мельн'",
    failure: /actual - expected|datachannel event: not within/,
    seen: 'always',
    breaksConnection: true,
  },
  {
    claim: 'too-large',
    at: 'from',
    says: 'sends a message that is larger than the other side takes',
    evidence: 'send of maxMessageSize + 1 bytes returns',
    failure: /send threw nothing/,
    seen: 'always',
    breaksConnection: true,
  },
  {
    claim: 'close-drains',
    at: 'from',
    says: 'loses what is queued when close is called',
    evidence: '6 of 100 messages arrived',
    failure: /messages: not within/,
    seen: 'always',
  },
];
