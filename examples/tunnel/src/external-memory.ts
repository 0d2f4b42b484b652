// Node reads sockets into an ArrayBuffer for each chunk. V8 marks its whole heap for every 32 MiB of such memory, though
// almost all of it is garbage by then; with this setting it weighs it against the heap's limit as it does other memory.
// Measured on 150 MiB through the tunnel: 9 in place of 33 collections of the whole heap, a half of the CPU.
import { setFlagsFromString } from 'node:v8';

/** A V8 that does not know the setting would complain on standard error: it is made where it has been tried. */
export function weighExternalMemory(): void {
  if (process.versions.v8.startsWith('14.'))
    setFlagsFromString('--external-memory-accounted-in-global-limit');
}
