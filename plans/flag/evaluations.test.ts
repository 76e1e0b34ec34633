import { expect, it } from 'vitest';
import { type ClientSightings, type EvaluationSources, evaluationVerdict } from './evaluations.ts';

const flag = { environment: 'production', key: 'f', createdAt: 0 };
const counted = (key: string | null, environment = 'production') => ({ environment, key, count: 3 });
const verdict = (over: Partial<EvaluationSources['ofrep']> & { clients?: ClientSightings[] }, of = flag) => {
  const { clients = [], ...ofrep } = over;
  return evaluationVerdict(of, { from: 1_000, ofrep: { since: 0, counts: [], ...ofrep }, clients });
};
const kind = (...asked: Parameters<typeof verdict>) => verdict(...asked).kind;
const saw = (...flags: string[]): ClientSightings => ({ kind: 'saw', source: 'main', flags });

it('says who evaluated a flag, also a young one', () => {
  expect(verdict({ counts: [counted('f')], clients: [saw('f')] })).toEqual({
    kind: 'seen',
    by: ['OFREP', 'metrics of main'],
  });
  expect(kind({ counts: [counted('f')] }, { ...flag, createdAt: 2_000 })).toBe('seen');
  // What came late still saw what it saw.
  expect(kind({ since: null, clients: [{ kind: 'late', source: 'main', flags: ['f'] }] })).toBe('seen');
});

it('says that nobody did where somebody watched for the whole window', () => {
  expect(verdict({ counts: [counted('g')] })).toEqual({ kind: 'unseen', watched: ['OFREP'] });
  expect(verdict({ clients: [saw('g')] })).toEqual({ kind: 'unseen', watched: ['metrics of main'] });
  expect(kind({ counts: [counted('g')], clients: [{ kind: 'nothing', source: 'main' }] })).toBe('unseen');
});

it.each<[string, Parameters<typeof verdict>]>([
  ['younger', [{ counts: [counted('g')] }, { ...flag, createdAt: 2_000 }]],
  ['shorter time', [{ since: 2_000, counts: [counted('g')] }]],
  ['shorter time', [{ since: null, clients: [saw('g')] }]],
  ['nobody asks', [{}]],
  ['nobody asks', [{ counts: [counted('f', 'staging')] }]],
  // Who asks for all flags does not say which.
  ['nobody asks', [{ counts: [counted(null)] }]],
  ['away', [{ counts: [counted('g')], clients: [{ kind: 'failed', source: 'main', problem: 'away' }] }]],
  ['shorter time', [{ counts: [counted('g')], clients: [{ kind: 'late', source: 'main', flags: ['g'] }] }]],
])('never says so where nobody could have seen it: %s', (why, asked) => {
  expect(verdict(...asked)).toEqual({ kind: 'unknown', why: expect.stringContaining(why) });
});
