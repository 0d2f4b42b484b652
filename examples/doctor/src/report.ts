// The findings as text. Colours are for terminals, and not where NO_COLOR is set.
import { styleText } from 'node:util';
import type {
  AddressFinding,
  Advice,
  ConnectionFinding,
  Findings,
  NatFinding,
  ServerFinding,
} from './findings.ts';

type Colour = 'green' | 'red' | 'yellow' | 'bold' | 'dim';

const KINDS: Readonly<Record<AddressFinding['kind'], string>> = {
  public: 'public: everybody can send to it, if no firewall is in between',
  private: 'private: known on this network alone',
  shared: "shared by a provider's customers: there is a second NAT outside",
  'link-local': 'link-local: known on this cable alone, and not offered',
  loopback: 'this computer itself',
};

const MAPPINGS = {
  none: 'no NAT: the server sees the address of this computer',
  'endpoint-independent': 'one public port for all destinations',
  'address-dependent': 'another public port for each address that is sent to',
  'address-and-port-dependent': 'another public port for each address and port that is sent to',
} as const;

const FILTERS = {
  'endpoint-independent': 'whoever knows the public port',
  'address-dependent': 'addresses that something was sent to',
  'address-and-port-dependent': 'addresses and ports that something was sent to',
} as const;

export function printReport(findings: Findings, advice: readonly Advice[]): string {
  const lines = [
    heading('This computer'),
    ...findings.addresses.map(addressLine),
    line(
      findings.mdns.works,
      '.local names',
      findings.mdns.works ? 'can be asked for' : findings.mdns.reason!,
    ),
    ...section('Servers', findings.servers.map(serverLine)),
    ...section('NAT', natLines(findings.nat)),
    ...section('Connections with itself', findings.connections.map(connectionLine)),
    ...section('The other side', findings.meeting === undefined ? [] : [connectionLine(findings.meeting)]),
    ...section('In short', advice.map(adviceLine)),
  ];
  return `${lines.map(withoutControls).join('\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', heading(title), ...lines];
}

function addressLine({ interfaceName, address, kind, isCandidate }: AddressFinding): string {
  const mark = isCandidate ? coloured('green', '✓') : coloured('dim', '-');
  return `  ${mark} ${interfaceName.padEnd(8)} ${address.padEnd(24)} ${KINDS[kind]}`;
}

function serverLine({ url, failure, milliseconds, mapped, relayed }: ServerFinding): string {
  if (failure) return line(false, url, failure.message);
  const seen = relayed === undefined ? `sees ${mapped}` : `relays at ${relayed}`;
  return line(true, url, milliseconds === undefined ? seen : `${seen}, in ${round(milliseconds)} ms`);
}

function natLines(nat: NatFinding | undefined): string[] {
  if (nat === undefined) return [];
  const lines = [`  ${nat.local} is seen as ${nat.mapped}`];
  lines.push(
    `  ${nat.mapping === undefined ? (nat.kind === 'symmetric' ? 'another public port for each address' : 'how ports are mapped is not known') : MAPPINGS[nat.mapping]}`,
  );
  if (nat.filtering !== undefined) lines.push(`  lets in: ${FILTERS[nat.filtering]}`);
  if (nat.hairpins !== undefined && nat.mapping !== 'none')
    lines.push(`  ${nat.hairpins ? 'turns' : 'does not turn'} packets to its own public address back`);
  return lines;
}

function connectionLine({
  name,
  url,
  works,
  milliseconds,
  phases,
  local,
  remote,
  trouble,
}: ConnectionFinding): string {
  const what = url === undefined ? name : `${name} ${url}`;
  if (!works) return line(false, what, trouble?.message ?? 'no');
  const parts = Object.entries(phases ?? {}).map(([phase, lasted]) => `${phase} ${round(lasted)}`);
  return line(true, what, `${local} → ${remote}, in ${round(milliseconds ?? 0)} ms (${parts.join(', ')})`);
}

function adviceLine({ level, message }: Advice): string {
  const mark = { problem: coloured('red', '✗'), note: coloured('yellow', '!'), good: coloured('green', '✓') }[
    level
  ];
  return `  ${mark} ${message}`;
}

function line(isGood: boolean, what: string, says: string): string {
  return `  ${isGood ? coloured('green', '✓') : coloured('red', '✗')} ${what}: ${says}`;
}

function heading(title: string): string {
  return coloured('bold', title);
}

function coloured(colour: Colour, text: string): string {
  const isWanted = process.stdout.isTTY === true && !process.env.NO_COLOR;
  return isWanted ? styleText(colour, text, { validateStream: false }) : text;
}

function round(milliseconds: number): string {
  return milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0);
}

/** What servers say is theirs, and must not steer the terminal; our own colours may. */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replace(/\u001b(?!\[\d+m)|[\u0000-\u001a\u001c-\u001f\u007f-\u009f]/g, '?');
}
