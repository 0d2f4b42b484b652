// The bodies of PATCH requests: application/trickle-ice-sdpfrag (RFC 8840 §9), candidates under the credentials and the
// section they belong to.

/** At most so many candidates of one fragment are looked at. */
const MAX_CANDIDATES = 64;

export interface FragmentCandidate {
  readonly candidate: string;
  readonly sdpMid: string;
  readonly usernameFragment: string | undefined;
}

export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

/** RFC 8839 §5.4: of a fragment or a description, the first that it names; `undefined` if they can't be any. */
export function credentialsOf(text: string): IceCredentials | undefined {
  const ufrag = /^a=ice-ufrag:([A-Za-z0-9+/]{4,256})\r?$/m.exec(text)?.[1];
  const password = /^a=ice-pwd:([A-Za-z0-9+/]{22,256})\r?$/m.exec(text)?.[1];
  return ufrag !== undefined && password !== undefined ? { ufrag, password } : undefined;
}

/** The description after an ICE restart: other credentials, and no candidates yet. */
export function withCredentials(sdp: string, { ufrag, password }: IceCredentials): string {
  return sdp
    .replace(/^a=(?:candidate:.*|end-of-candidates)\r?\n/gm, '')
    .replace(/^a=ice-ufrag:.*?(?=\r?$)/gm, `a=ice-ufrag:${ufrag}`)
    .replace(/^a=ice-pwd:.*?(?=\r?$)/gm, `a=ice-pwd:${password}`);
}

/** The candidates of a description. */
export function candidatesIn(sdp: string): FragmentCandidate[] {
  return sdp.split(/^(?=m=)/m).flatMap((section) => {
    const sdpMid = /^a=mid:(.*?)\r?$/m.exec(section)?.[1] ?? '0';
    return candidatesOf(section).map((each) => ({ ...each, sdpMid }));
  });
}

/** The fragment that tells of `candidates`, which belong to the description `sdp`. */
export function fragmentOf(sdp: string, candidates: readonly object[]): string {
  const line = (name: string): string => new RegExp(`^a=${name}:.*$`, 'm').exec(sdp)?.[0].trim() ?? '';
  const lines = [line('ice-ufrag'), line('ice-pwd')];
  for (const each of candidates) {
    const { candidate, sdpMid } = each as { candidate?: string; sdpMid?: string | null };
    lines.push('m=audio 9 UDP/TLS/RTP/SAVPF 0', `a=mid:${sdpMid ?? ''}`, `a=${candidate ?? ''}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** The candidates of a fragment, which may be anything. */
export function candidatesOf(fragment: string): FragmentCandidate[] {
  const candidates: FragmentCandidate[] = [];
  let usernameFragment: string | undefined;
  let sdpMid = '0';
  for (const line of fragment.split(/\r\n|\n/)) {
    if (line.startsWith('a=ice-ufrag:')) usernameFragment = line.slice(12);
    else if (line.startsWith('a=mid:')) sdpMid = line.slice(6);
    else if (line.startsWith('a=candidate:') && candidates.length < MAX_CANDIDATES)
      candidates.push({ candidate: line.slice(2), sdpMid, usernameFragment });
  }
  return candidates;
}
