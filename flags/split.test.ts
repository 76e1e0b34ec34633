import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askOurs, BY_USER_ID, CONTEXTS, documentAt, FLAG } from '../test/fixtures/foreign.ts';

/** Any share that a plan can name, down to less than the unit of 0.01 %. */
const percent = fc.oneof(
  fc.integer({ min: 0, max: 10_000 }).map((n) => n / 100),
  fc.double({ min: 0, max: 100, noNaN: true }),
);

/** One document at a time: the order in which a service has served them must not matter. */
function cohort(share: number, more: object): Set<number> {
  const documents = [documentAt({ percent: share }, more)];
  const [variants = []] = askOurs({ flag: FLAG, contexts: CONTEXTS, encode: [], documents });
  return new Set(variants.flatMap((variant, at) => (variant === 'on' ? [at] : [])));
}

describe.each([
  ['targetingKey', {}],
  ['userId', BY_USER_ID],
])('over 21,800 keys by %s', (_, more) => {
  it('of any two shares the larger has everyone of the smaller', () => {
    fc.assert(
      fc.property(percent, percent, (a, b) => {
        const smaller = cohort(Math.min(a, b), more);
        const larger = cohort(Math.max(a, b), more);
        expect([...smaller].filter((at) => !larger.has(at))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('any way up, back and up again ends with exactly the cohort of its last share', () => {
    fc.assert(
      fc.property(fc.array(percent, { minLength: 2, maxLength: 5 }), (way) => {
        const last = way.at(-1) ?? 0;
        const cohorts = [...way, ...way].map((share) => cohort(share, more));
        expect(cohorts.at(-1)).toEqual(cohort(last, more));
        way.forEach((_share, step) => expect(cohorts[step + way.length]).toEqual(cohorts[step]));
      }),
      { numRuns: 5 },
    );
  });
});
