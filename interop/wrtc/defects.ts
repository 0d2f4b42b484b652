import type { Defect } from '../harness/implementation.ts';

const LIMITS = {
  says: 'reads 65535 for limits that are not set',
  evidence: 'every channel without maxRetransmits or maxPacketLifeTime, local and remote',
  failure: /65535/,
  seen: 'always',
} as const;

export const defects: readonly Defect[] = [
  { ...LIMITS, claim: 'own-attributes', at: 'from' },
  { ...LIMITS, claim: 'attributes-*', at: 'to' },
  {
    claim: 'resolves-mdns',
    at: 'from',
    says: 'does not resolve .local names',
    evidence: 'no connection to a Chromium or Firefox that can only be found by name',
    failure: /a datachannel event: not within/,
    seen: 'always',
    breaksConnection: true,
    onlyAsSubject: true,
  },
  {
    claim: 'too-large',
    at: 'from',
    says: 'throws nothing for a message that is too large',
    evidence: 'send of maxMessageSize + 1 bytes returns',
    failure: /send threw nothing/,
    seen: 'always',
    breaksConnection: true,
  },
  {
    claim: 'low-event',
    at: 'from',
    says: 'never fires bufferedamountlow',
    evidence: 'not once in 64 MiB with a threshold of 512 KiB',
    failure: /never fired/,
    seen: 'always',
  },
  {
    claim: 'close-drains',
    at: 'from',
    says: 'loses what is queued when close is called',
    evidence: '11 to 153 of 200 messages arrived in browsers; all of them in node-datachannel',
    failure: /messages: not within/,
    seen: 'sometimes',
  },
];
