// What the findings mean for somebody who wants to connect, problems first.
import type { Advice, Findings, NatKind, ServerFinding } from './findings.ts';

/** Who can be met without a relay, by the kind of NAT here. RFC 5128 §3.3. */
const MEETS: Readonly<Record<NatKind, string>> = {
  open: 'There is no NAT between this computer and the server: others can reach it directly.',
  firewall:
    'There is no NAT, but a firewall lets in only answers: direct connections work, also with others behind most NATs.',
  'full-cone':
    'The NAT here is a full cone: direct connections work with everybody, whatever NAT they are behind.',
  'address-restricted':
    'The NAT here lets in whoever was sent something (address-restricted cone): direct connections work with everybody.',
  'port-restricted':
    'The NAT here lets in only the very ports that were sent something (port-restricted cone): direct connections work, but with others behind a symmetric NAT only a relay will do.',
  symmetric:
    'The NAT here has another public port for every destination (symmetric): with others behind a symmetric or port-restricted NAT only a relay will do.',
  'cone-of-unknown-filter':
    'The NAT here has one public port for all destinations: direct connections work, except perhaps with others behind a symmetric NAT.',
  unknown:
    'What kind of NAT is here cannot be said: for that it takes two STUN servers, or one with two addresses.',
};

/** `serversGiven`: how many the user has named. */
export function adviceOn(findings: Findings): Advice[] {
  const advice = [
    ...onNetwork(findings),
    ...onServers(findings),
    ...onNat(findings),
    ...onConnections(findings),
  ];
  const order = { problem: 0, note: 1, good: 2 };
  return advice.sort((a, b) => order[a.level] - order[b.level]);
}

function onNetwork({ addresses, mdns }: Findings): Advice[] {
  const advice: Advice[] = [];
  if (!addresses.some(({ kind }) => kind !== 'loopback' && kind !== 'link-local'))
    advice.push({
      level: 'problem',
      code: 'NO_NETWORK',
      message: 'This computer has no address that others could reach: no network is up.',
    });
  if (!mdns.works)
    advice.push({
      level: 'note',
      code: 'NO_MDNS',
      message: `Browsers on this network that hide their addresses behind .local names cannot be found by them: ${mdns.reason}.`,
    });
  return advice;
}

function onServers({ servers }: Findings): Advice[] {
  const advice: Advice[] = [];
  const broken = servers.filter(({ failure }) => failure !== undefined);
  for (const { failure, url } of broken)
    advice.push({
      level: 'problem',
      code: `SERVER_${failure!.code}`,
      message: `${url}: ${failure!.message}.`,
    });
  const overUdp = servers.filter(({ transport }) => transport === 'udp');
  const isMute = overUdp.length > 0 && overUdp.every(({ failure }) => failure?.code === 'SILENT');
  if (isMute && servers.some((each) => isWorking(each) && each.transport !== 'udp'))
    advice.push({
      level: 'problem',
      code: 'UDP_BLOCKED',
      message:
        'UDP seems to be blocked: no server answers to it, and one does to TCP. Connections work through that relay, slower than they could be.',
    });
  else if (isMute && overUdp.length > 1)
    advice.push({
      level: 'problem',
      code: 'UDP_SILENT',
      message:
        'No server answers to UDP: it may be blocked. A TURN server by TCP or TLS (turns:...:443) shows whether it is, and helps if so.',
    });
  if (servers.length === 0)
    advice.push({
      level: 'note',
      code: 'NO_SERVERS',
      message:
        'No server was given: others are found on this network, or at public addresses. Name a STUN server to learn what others see, and a TURN server to test relays.',
    });
  return advice;
}

function onNat({ nat, servers }: Findings): Advice[] {
  if (nat === undefined) return [];
  const hasRelay = servers.some((each) => each.kind === 'turn' && isWorking(each));
  const needsRelay = nat.kind === 'symmetric';
  const advice: Advice[] = [
    {
      level: nat.kind === 'symmetric' || nat.kind === 'unknown' ? 'note' : 'good',
      code: `NAT_${nat.kind.toUpperCase().replaceAll('-', '_')}`,
      message: MEETS[nat.kind],
    },
  ];
  if (needsRelay && !hasRelay)
    advice.push({
      level: 'problem',
      code: 'NEEDS_RELAY',
      message: servers.some(({ kind }) => kind === 'turn')
        ? 'Behind this NAT a relay is needed, and none of the TURN servers works.'
        : 'Behind this NAT a relay is needed for many connections: name a TURN server.',
    });
  if (!needsRelay && !hasRelay && nat.kind !== 'open' && nat.kind !== 'full-cone')
    advice.push({
      level: 'note',
      code: 'NO_RELAY',
      message:
        'There is no relay: a few connections, with others behind symmetric NATs, will fail without one.',
    });
  if (nat.hairpins === false && nat.kind !== 'open' && nat.kind !== 'firewall')
    advice.push({
      level: 'note',
      code: 'NO_HAIRPIN',
      message:
        'The NAT does not turn packets back (no hairpinning): computers behind it meet by their own addresses, or through a relay.',
    });
  return advice;
}

function onConnections({ connections, meeting, nat }: Findings): Advice[] {
  const advice: Advice[] = [];
  for (const { name, works, trouble, url } of connections) {
    // That the public address does not lead back is what the NAT does, and was said there.
    if (works || name === 'public address') continue;
    const what = { 'own addresses': 'its own addresses', relay: `the relay ${url}` }[name as string] ?? name;
    advice.push({
      level: 'problem',
      code: 'NO_CONNECTION',
      message: `Two connections of this computer do not meet by ${what}: ${trouble?.message}.`,
    });
  }
  if (meeting === undefined) return advice;
  if (!meeting.works) {
    advice.push({
      level: 'problem',
      code: 'NOT_MET',
      message: `The other side was not reached: ${meeting.trouble?.message}.`,
    });
    if (meeting.trouble?.code === 'NO_ANSWERS' && nat?.kind !== 'open')
      advice.push({
        level: 'note',
        code: 'BOTH_NATS',
        message:
          nat?.kind === 'symmetric'
            ? 'This side has a symmetric NAT. If the other has one too, or lets in only ports it has sent to, only a relay will do: both sides should name a TURN server.'
            : 'If either side has a symmetric NAT only a relay may do: name a TURN server on both sides.',
      });
  } else if (meeting.local?.startsWith('relay') || meeting.remote?.startsWith('relay'))
    advice.push({
      level: 'note',
      code: 'MET_BY_RELAY',
      message: 'The other side was reached through a relay only: no direct path worked.',
    });
  else advice.push({ level: 'good', code: 'MET', message: 'The other side was reached directly.' });
  return advice;
}

function isWorking({ failure }: ServerFinding): boolean {
  return failure === undefined;
}
