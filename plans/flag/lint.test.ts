import { expect, it } from 'vitest';
import { NO_EXPOSURE } from '../exposure.ts';
import { type FlagFacts, lintFlags } from './lint.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2027-03-01');
const flag = (
  over: Omit<Partial<FlagFacts>, 'definition'> & {
    definition?: Partial<NonNullable<FlagFacts['definition']>>;
  },
): FlagFacts => ({
  key: 'f',
  environment: 'production',
  lifecycle: 'Stable',
  exposure: NO_EXPOSURE,
  live: false,
  everybodySince: null,
  refused: null,
  evaluations: null,
  places: null,
  ...over,
  definition: { owner: 'web', purpose: 'release', expires: '2027-12-31', requires: [], ...over.definition },
});
const rules = (...flags: FlagFacts[]) => lintFlags(flags, NOW).map(({ rule, flag: key }) => `${rule} ${key}`);

it('finds what is expired, stale, without owner or end, and leaves alone what is retired or meant to last', () => {
  expect(rules(flag({}))).toEqual([]);
  expect(rules(flag({ definition: { expires: '2027-02-20' } }))).toEqual(['FLAG-EXPIRED f']);
  expect(rules(flag({ definition: { expires: '2027-02-28' } }))).toEqual([]);
  expect(rules(flag({ everybodySince: NOW - 15 * DAY }))).toEqual(['FLAG-STALE f']);
  expect(rules(flag({ everybodySince: NOW - 13 * DAY }))).toEqual([]);
  expect(
    rules(flag({ everybodySince: NOW - 99 * DAY, definition: { purpose: 'ops', expires: null } })),
  ).toEqual([]);
  expect(rules(flag({ definition: { owner: null, expires: null } }))).toEqual([
    'FLAG-NO-OWNER f',
    'FLAG-NO-EXPIRY f',
  ]);
  expect(rules(flag({ lifecycle: 'Retired', definition: { owner: null } }))).toEqual([]);
  expect(rules(flag({ definition: { drill: { errorRate: 1 } } }))).toEqual(['FLAG-DRILL f']);
  expect(rules(flag({ evaluations: { kind: 'unseen', watched: ['OFREP'] } }))).toEqual([
    'FLAG-NEVER-EVALUATED f',
  ]);
  expect(rules(flag({ evaluations: { kind: 'unknown', why: '' } }))).toEqual([]);
  expect(rules(flag({ refused: 'kind: wrong', places: 4 }))).toEqual(['FLAG-REFUSED f', 'FLAG-SCATTERED f']);
});

it('finds circles and too many active flags of one environment', () => {
  const [a, b] = ['a', 'b'].map((key, n) =>
    flag({ key, definition: { requires: [{ flag: n === 0 ? 'b' : 'a' }] } }),
  );
  if (a === undefined || b === undefined) throw new Error('two flags');
  expect(rules(a, b)).toEqual(['FLAG-CIRCLE a', 'FLAG-CIRCLE b']);
  const many = Array.from({ length: 51 }, (_, n) => flag({ key: `f-${n}` }));
  expect(rules(...many)).toEqual(['FLAG-TOO-MANY ']);
  const byHand = many.map((each) => ({ ...each, lifecycle: 'Proposed' as const }));
  expect(rules(...byHand)).toEqual([]);
  const reaching = byHand.map((each) => ({ ...each, exposure: { ...NO_EXPOSURE, percent: 5 } }));
  expect(rules(...reaching)).toEqual(['FLAG-TOO-MANY ']);
  expect(rules(...many.slice(1), flag({ environment: 'staging' }))).toEqual([]);
});
