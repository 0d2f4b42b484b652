// A/B in turns, in one process: each round times every contender once, in changing order, and gives ratios to the first.
export interface Contender {
  readonly name: string;
  /** Does the work `times` times over; what it gives is consumed. */
  run(times: number): number;
}

const ROUNDS = 21;
let consumed = 0;

export function compare(title: string, times: number, unit: string, contenders: readonly Contender[]): void {
  const nanos = contenders.map((): number[] => []);
  for (const { run } of contenders) consumed += run(times); // warm
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < contenders.length; i++) {
      const which = (i + round) % contenders.length;
      const start = process.hrtime.bigint();
      consumed += contenders[which]!.run(times);
      nanos[which]!.push(Number(process.hrtime.bigint() - start) / times);
    }
  }
  console.log(title);
  for (const [i, { name }] of contenders.entries()) {
    const ratios = nanos[i]!.map((value, round) => value / nanos[0]![round]!).sort((a, b) => a - b);
    const [low, middle, high] = [0.1, 0.5, 0.9].map((part) => ratios[Math.floor(part * (ROUNDS - 1))]!);
    const median = [...nanos[i]!].sort((a, b) => a - b)[(ROUNDS - 1) / 2]!;
    const ratio = i === 0 ? '' : `  x${middle!.toFixed(2)} (${low!.toFixed(2)}..${high!.toFixed(2)})`;
    console.log(`  ${name.padEnd(44)} ${median.toFixed(1).padStart(11)} ns ${unit}${ratio}`);
  }
  if (Number.isNaN(consumed)) throw new Error('nothing was done');
}
