import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Enrolment, Roster } from '../src/index.ts';

test('A roster has whoever was enrolled and not struck off, and strikes nobody off twice', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (steps) => {
      const roster = new Roster<number>();
      const there = new Map<number, Enrolment<number>>();
      for (const member of steps) {
        const enrolment = there.get(member);
        if (enrolment === undefined) there.set(member, roster.enrol(member));
        else {
          assert.equal(roster.strike(enrolment), true);
          assert.equal(roster.strike(enrolment), false);
          there.delete(member);
        }
        assert.equal(roster.size, there.size);
        assert.deepEqual(roster.members().toSorted(), [...there.keys()].toSorted());
      }
    }),
  );
});

test('Members may strike themselves off while they are walked through', () => {
  const roster = new Roster<() => void>();
  let calls = 0;
  const enrolments = [0, 1, 2].map(() =>
    roster.enrol(() => {
      calls++;
      for (const enrolment of enrolments) roster.strike(enrolment);
    }),
  );
  for (const member of roster.members()) member();
  assert.equal(calls, 3);
  assert.equal(roster.size, 0);
});
