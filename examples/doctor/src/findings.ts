// What an examination finds, as plain data: printed for people, or as JSON with --json.
import type { NatBehavior } from '@millrace/stun';

export interface Findings {
  readonly addresses: readonly AddressFinding[];
  readonly mdns: MdnsFinding;
  readonly servers: readonly ServerFinding[];
  /** What a server with two addresses shows; `undefined` if none was given or none answered. */
  readonly nat: NatFinding | undefined;
  readonly connections: readonly ConnectionFinding[];
  readonly meeting: ConnectionFinding | undefined;
}

export interface AddressFinding {
  readonly interfaceName: string;
  readonly address: string;
  readonly kind: 'public' | 'private' | 'shared' | 'link-local' | 'loopback';
  /** It becomes a host candidate. */
  readonly isCandidate: boolean;
}

export interface MdnsFinding {
  readonly works: boolean;
  readonly reason?: string;
}

export type ServerFailureCode =
  | 'DNS'
  | 'REFUSED'
  | 'SILENT'
  | 'UNREACHABLE'
  | 'CREDENTIALS'
  | 'CERTIFICATE'
  | 'NOT_TLS'
  | 'QUOTA'
  | 'SAID_NO'
  | 'UNSUPPORTED';

export interface ServerFailure {
  readonly code: ServerFailureCode;
  readonly message: string;
}

export interface ServerFinding {
  readonly url: string;
  readonly kind: 'stun' | 'turn';
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** What its name stands for, or itself. */
  readonly address?: string;
  /** Until the candidate was there; of STUN the round trip. */
  readonly milliseconds?: number;
  /** How the server sees this computer. */
  readonly mapped?: string;
  /** Where the server relays. */
  readonly relayed?: string;
  readonly failure?: ServerFailure;
}

export type NatKind =
  | 'open'
  | 'firewall'
  | 'full-cone'
  | 'address-restricted'
  | 'port-restricted'
  | 'symmetric'
  | 'cone-of-unknown-filter'
  | 'unknown';

export interface NatFinding {
  readonly kind: NatKind;
  /** Who showed it. */
  readonly servers: readonly string[];
  readonly local: string;
  readonly mapped: string;
  readonly mapping: NatBehavior['mapping'];
  readonly filtering: NatBehavior['filtering'];
  readonly hairpins: boolean | undefined;
}

export interface ConnectionFinding {
  readonly name: 'own addresses' | 'public address' | 'relay' | 'all servers' | 'other side';
  readonly url?: string;
  readonly works: boolean;
  readonly milliseconds?: number;
  /** How long each phase took. */
  readonly phases?: Readonly<Record<'candidates' | 'path' | 'encryption' | 'channel', number>>;
  /** The pair that won. */
  readonly local?: string;
  readonly remote?: string;
  readonly trouble?: { readonly code: string; readonly message: string };
}

export interface Advice {
  /** A problem makes the exit code 1. */
  readonly level: 'problem' | 'note' | 'good';
  readonly code: string;
  readonly message: string;
}
