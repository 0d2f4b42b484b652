import type { Defect } from '../harness/implementation.ts';

export const defects: readonly Defect[] = [];
