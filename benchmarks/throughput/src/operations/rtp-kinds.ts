// The kinds of RTP and RTCP packets that are measured, and how long those are that do not come in any length.

export const RTCP_KINDS = ['sr', 'nack', 'twcc'] as const;
export type PacketKind = 'rtp' | (typeof RTCP_KINDS)[number];

export const SR_REPORTS = 2;
export const NACK_ENTRIES = 3;

export const RTCP_BYTES: Readonly<Record<(typeof RTCP_KINDS)[number], number>> = {
  sr: 28 + SR_REPORTS * 24,
  nack: 12 + NACK_ENTRIES * 4,
  /** Two chunks; 26 small deltas and a large one. */
  twcc: 20 + 2 * 2 + 26 + 2,
};
