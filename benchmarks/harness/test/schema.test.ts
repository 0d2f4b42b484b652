// result.schema.json says what a result is: the samples, whatever is stored and what a real run writes have to agree with it.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import type { OperationBenchmark } from '../src/index.ts';
import {
  planTasks,
  readMachine,
  runPlan,
  toBenchmarkRecords,
  toCurrentSchema,
  toSweepRecords,
} from '../src/runner/index.ts';
import { sampleRecord } from './sample-record.ts';

const HARNESS = new URL('../', import.meta.url);
const schema = JSON.parse(readFileSync(new URL('result.schema.json', HARNESS), 'utf8')) as object;
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
const validate = ajv.compile(schema);
const check = (record: unknown): void => {
  validate(JSON.parse(JSON.stringify(record)));
  assert.deepEqual(validate.errors ?? [], []);
};

const sum: OperationBenchmark = {
  kind: 'operation',
  name: 'test/sum',
  what: 'adds numbers',
  quick: true,
  module: new URL('./operations/sum.ts', import.meta.url).href,
  subjects: ['millrace', 'throws', 'missing'],
  sample: 16,
};

describe('the schema of results', () => {
  test('holds for the sample', () => check(sampleRecord));

  test('holds for what a run yields, failures and grids included', async () => {
    const tasks = planTasks(
      [
        sum,
        {
          kind: 'sweep',
          name: 'test/grid',
          what: 'adds numbers of two kinds',
          x: { name: 'step', unit: '', values: [1, 2] },
          y: { name: 'again', unit: '', values: [1] },
          metric: 'time',
          cell: (step) => ({ ...sum, subjects: ['millrace'], settings: { step } }),
        },
      ],
      ({ subjects }) => subjects.map((subject) => ({ subject, launch: {} })),
    );
    const results = await runPlan({ tasks, mode: 'quick', rounds: 2, seconds: 0.1 });
    const benchmarks = toBenchmarkRecords(results);
    const sweeps = toSweepRecords(results);
    check({ ...sampleRecord, machine: readMachine(), benchmarks, sweeps });
    const [ours, throws, missing] = benchmarks[0]!.series;
    assert.equal(ours!.rounds.length, 2);
    assert.equal(ours!.distributions.latency!.operations, 16);
    assert.ok(ours!.rounds[0]!.values.p99! > 0);
    assert.match(throws!.skipped!, /^failed: .*no luck/);
    assert.match(missing!.skipped!, /^not available: /);
    assert.equal(sweeps[0]!.series[0]!.cells[0]!.filter((cell) => cell! > 0).length, 2);
  });

  test('refuses what it does not know', () => {
    assert.equal(validate({ ...sampleRecord, schema: 1 }), false);
    assert.equal(validate({ ...sampleRecord, more: true }), false);
  });

  for (const path of globSync('../results/*.json', { cwd: HARNESS }))
    test(`holds for ${path}, read as what it would be today`, () => {
      const record = toCurrentSchema(JSON.parse(readFileSync(new URL(path, HARNESS), 'utf8')));
      assert.ok(record);
      check(record);
    });

  test('is kept by a result of the last one when it is read, and nobody reads one before that', () => {
    const { schema: _, ...rest } = sampleRecord;
    assert.deepEqual(toCurrentSchema({ schema: 2, ...rest }), sampleRecord);
    assert.equal(toCurrentSchema({ schema: 1, ...rest }), undefined);
    assert.equal(toCurrentSchema({}), undefined);
  });
});
