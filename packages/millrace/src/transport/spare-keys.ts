// Key pairs for the next handshake, made while nobody waits for them: a ClientHello of DTLS 1.3 has three, which are a third
// of what it costs. Each pair serves one handshake, as if it had been made for it.
//
// One of each kind for the whole process, made anew a moment after one has been taken.
import type { DtlsCrypto, Kem, KemKeyPair, KeyShare } from '@millrace/dtls';
import type { Millis } from '@millrace/sans-io';

/** A handshake on a short path is over by then, and one on a long path waits for an answer. */
const REST: Millis = 20;

export interface SpareKeys {
  /** What was handed in, but for where its key pairs come from. */
  readonly crypto: DtlsCrypto;
  /** Makes now what is missing. */
  refill(): void;
}

/** `crypto` may not have ML-KEM; `schedule` has something called later. */
export function spareKeys(crypto: DtlsCrypto, schedule: (refill: () => void) => void = afterRest): SpareKeys {
  const { mlKem768 } = crypto;
  /** A hello has one for the hybrid, and one alone. */
  const curves: KeyShare[] = [];
  let pair: KemKeyPair | undefined;
  let isScheduled = false;
  const refill = (): void => {
    isScheduled = false;
    while (curves.length < 2) curves.push(crypto.createKeyShare('x25519'));
    pair ??= mlKem768?.generate();
  };
  const takenOne = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    schedule(refill);
  };
  const kem: Kem | undefined = mlKem768 && {
    generate(seed) {
      if (seed !== undefined) return mlKem768.generate(seed);
      const taken = pair ?? mlKem768.generate();
      pair = undefined;
      takenOne();
      return taken;
    },
    encapsulate: (encapsulationKey) => mlKem768.encapsulate(encapsulationKey),
  };
  return {
    crypto: {
      ...crypto,
      createKeyShare(group) {
        if (group !== 'x25519') return crypto.createKeyShare(group);
        const taken = curves.pop() ?? crypto.createKeyShare(group);
        takenOne();
        return taken;
      },
      mlKem768: kem,
    },
    refill,
  };
}

function afterRest(refill: () => void): void {
  setTimeout(refill, REST).unref();
}
