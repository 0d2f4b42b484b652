// Congestion controls by the names that options know.
import { SctpError } from '../../errors.ts';
import { bbr } from './bbr/bbr.ts';
import type { CongestionControlFactory } from './congestion-control.ts';
import { cubic } from './cubic.ts';
import { newReno } from './new-reno.ts';

export type CongestionControlName = 'new-reno' | 'cubic' | 'bbr';

const BY_NAME: Readonly<Record<CongestionControlName, CongestionControlFactory>> = {
  'new-reno': newReno,
  cubic,
  bbr,
};

export function congestionControlOf(
  choice: CongestionControlName | CongestionControlFactory,
): CongestionControlFactory {
  if (typeof choice === 'function') return choice;
  const factory = Object.hasOwn(BY_NAME, choice) ? BY_NAME[choice] : undefined;
  if (factory === undefined) throw new SctpError('BAD_OPTION', `congestionControl ${String(choice)}`);
  return factory;
}
