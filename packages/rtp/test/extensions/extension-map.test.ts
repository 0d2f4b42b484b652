import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXTENSION_URIS, ExtensionMap, type ExtensionName, RtpError } from '@millrace/rtp';

describe('RFC 8285 §5 which extension has which id', () => {
  test('those that have a name are properties, all are found by their URI', () => {
    const names = Object.keys(EXTENSION_URIS) as ExtensionName[];
    const map = new ExtensionMap(names.map((name, i) => [i + 1, EXTENSION_URIS[name]]));
    map.set(200, 'urn:example:other');
    for (const [i, name] of names.entries()) {
      assert.equal(map[name], i + 1);
      assert.equal(map.idOf(EXTENSION_URIS[name]), i + 1);
      assert.equal(map.uriOf(i + 1), EXTENSION_URIS[name]);
    }
    assert.equal(map.idOf('urn:example:other'), 200);
    assert.equal(map.idOf('urn:example:unknown'), 0);
    assert.equal(map.size, names.length + 1);
    assert.equal(new ExtensionMap().mid, 0);
  });

  test('an id has one meaning and a meaning one id', () => {
    const map = new ExtensionMap([[1, EXTENSION_URIS.mid]]);
    map.set(2, EXTENSION_URIS.mid);
    assert.deepEqual([...map.entries()], [[2, EXTENSION_URIS.mid]]);
    assert.equal(map.mid, 2);
    map.set(2, EXTENSION_URIS.rid);
    assert.deepEqual([map.mid, map.rid, map.size], [0, 2, 1]);
    assert(map.delete(2));
    assert(!map.delete(2));
    assert.deepEqual([map.rid, map.size], [0, 0]);
  });

  test('ids are translated to those of another session', () => {
    const here = new ExtensionMap([
      [1, EXTENSION_URIS.mid],
      [2, 'urn:example:a'],
      [3, 'urn:example:b'],
    ]);
    const there = new ExtensionMap([
      [9, 'urn:example:a'],
      [2, EXTENSION_URIS.mid],
    ]);
    const ids = here.idsOf(there);
    assert.equal(ids.length, 256);
    assert.deepEqual([...ids.subarray(0, 5)], [0, 2, 9, 0, 0]);
  });

  test('ids that no form has are refused before anything changes', () => {
    const map = new ExtensionMap([[1, 'urn:example:a']]);
    for (const id of [0, 256, 1.5, Number.NaN])
      assert.throws(
        () => map.set(id, 'urn:example:a'),
        (error) => error instanceof RtpError && error.code === 'BAD_EXTENSION',
      );
    assert.equal(map.idOf('urn:example:a'), 1);
  });
});
