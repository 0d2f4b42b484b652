// The back end of a connection whose sockets are those of a shared port.
import type { Backend } from '../transport/backend.ts';
import type { MuxMembership } from './udp-mux.ts';

export function sharedBackend(backend: Backend, shared: MuxMembership | undefined): Backend {
  if (shared === undefined) return backend;
  return { ...backend, openPort: (address, _port, handlers) => shared.openPort(address, handlers) };
}
