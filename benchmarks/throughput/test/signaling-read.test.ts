import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { trial } from '../src/trials/signaling-read.ts';

describe('reading a batch of records from a signaling room', () => {
  for (const [records, bodyBytes] of [
    [1, 0],
    [120, 33],
    [500, 4_096],
  ] as const)
    test(`${records} records of ${bodyBytes} B are read to their last byte`, async () => {
      const measured = (await trial.millrace!({ records, bodyBytes, seconds: 0 })) as Record<string, number>;
      // What stands around a body: names, numbers and brackets; and around all of them a ping, an event and its end.
      const around = measured.streamBytes! - records * bodyBytes;
      assert.ok(around > records * 50 && around < records * 80 + 250, `${around} bytes`);
      assert.ok(measured.megabytesPerSecond! > 0 && measured.recordsPerSecond! > 0);
    });
});
