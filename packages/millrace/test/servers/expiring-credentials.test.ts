import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { expiringCredentials } from '../../src/index.ts';

describe('draft-uberti-behave-turn-rest §2.2 credentials that expire', () => {
  test('the user name says until when, and the password proves that the secret is known', () => {
    const before = Math.floor(Date.now() / 1000);
    const { username, credential } = expiringCredentials({ secret: 'shared', lifetime: 600, user: 'anna' });
    const [end, user] = username.split(':');
    assert.ok(Number(end) >= before + 600 && Number(end) <= before + 660);
    assert.equal(user, 'anna');
    assert.equal(credential, createHmac('sha1', 'shared').update(username).digest('base64'));
    assert.match(expiringCredentials({ secret: 'shared' }).username, /^\d+$/);
  });

  test('what makes no sense is refused', () => {
    for (const options of [
      { secret: '' },
      { secret: 's', lifetime: 0 },
      { secret: 's', lifetime: Number.NaN },
      { secret: 's', lifetime: Number.POSITIVE_INFINITY },
      { secret: undefined as never },
      { secret: 's', user: 5 as never },
    ])
      assert.throws(() => expiringCredentials(options), {
        name: 'TypeError',
        message: /^(secret|lifetime|user) /,
      });
    assert.throws(() => expiringCredentials({ secret: 's', user: 'a:b' }), TypeError);
  });
});
