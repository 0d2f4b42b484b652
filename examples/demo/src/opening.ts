// The time to open, broken down. Phases overlap (gathering goes on while the offer travels), so each one counts
// from where all before it were over: the parts add up to the whole.

/** Points in time on one clock, in milliseconds, of the side that made the offer. */
export interface OpeningMarks {
  readonly created: number;
  readonly gathered: number | undefined;
  readonly answered: number | undefined;
  readonly iceConnected: number | undefined;
  readonly dtlsConnected: number | undefined;
  readonly sctpConnected: number | undefined;
  readonly channelOpen: number;
}

export interface Phase {
  readonly name: string;
  readonly milliseconds: number;
}

export function openingPhases(marks: OpeningMarks): Phase[] {
  let at = marks.created;
  const phase = (name: string, mark: number | undefined): Phase => {
    const end = Math.min(Math.max(mark ?? at, at), marks.channelOpen);
    const milliseconds = end - at;
    at = end;
    return { name, milliseconds };
  };
  return [
    phase('gather', marks.gathered),
    phase('signaling', marks.answered),
    phase('ICE', marks.iceConnected),
    phase('DTLS', marks.dtlsConnected),
    phase('SCTP', marks.sctpConnected),
    phase('channel', marks.channelOpen),
  ];
}
