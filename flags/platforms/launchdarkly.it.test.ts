import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LaunchDarklyDouble, startLaunchDarkly } from '../../test/fixtures/launchdarkly-double.ts';
import { providerContract } from '../../test/fixtures/provider-contract.ts';
import { SEGMENTS, SWITCH } from '../../test/fixtures/provider-stand.ts';
import { LaunchDarklyConfig } from './config.ts';
import { createLaunchDarkly } from './launchdarkly.ts';
import type { Platform } from './platform.ts';

function platformOf({ url, token }: LaunchDarklyDouble): Platform {
  return createLaunchDarkly('ld', LaunchDarklyConfig.parse({ kind: 'launchdarkly', url, token }), SEGMENTS);
}

function shareOf(double: LaunchDarklyDouble, key: string): number {
  const live = double.flag(key).environments.production;
  if (live?.on !== true) return 0;
  return (live.fallthrough.rollout?.variations.find(({ variation }) => variation === 0)?.weight ?? 0) / 1_000;
}

providerContract('LaunchDarkly', async () => {
  const double = await startLaunchDarkly();
  return {
    platform: platformOf(double),
    make: async (key) => double.make(key),
    move: async (key, percent) => double.move(key, percent),
    who: 'mallory@example.com',
    served: async (key) => shareOf(double, key),
    lag: (reads) => double.lag(reads),
    spoil: (kind) => double.next({ kind, method: 'PATCH' }),
    close: () => double.close(),
  };
});

let double: LaunchDarklyDouble;
let platform: Platform;
let number = 0;
let flag = { environment: 'production', key: '', shape: SWITCH };
beforeAll(async () => {
  double = await startLaunchDarkly();
  platform = platformOf(double);
});
beforeEach(() => {
  flag = { ...flag, key: `own-${(number += 1)}` };
  double.make(flag.key);
});
afterAll(() => double.close());

const BUSY = { code: 'rate_limited', message: 'You have exceeded the rate limit' };
const five = { percent: 5, segments: [], variant: null };
const by = { expected: null, author: 'ada', reason: 'a test' };

test('a change of another environment is no change of this one', async () => {
  await platform.write({ ...flag, exposure: five, ...by });
  const before = await platform.read(flag);
  double.touchStaging(flag.key);
  expect(await platform.read(flag)).toEqual(before);
});

test('a concurrent change is a conflict, and not written over', async () => {
  double.next({
    kind: 'instead',
    method: 'PATCH',
    answer: { status: 409, body: { code: 'optimistic_locking_error', message: 'Conflict' } },
  });
  expect(await platform.write({ ...flag, exposure: five, ...by })).toEqual({ kind: 'conflict' });
  expect(shareOf(double, flag.key)).toBe(0);
});

test('too many requests: it waits as long as it is told and goes on', async () => {
  const reset = { 'x-ratelimit-reset': String(Date.now() + 200) };
  double.next({ kind: 'instead', method: 'PATCH', answer: { status: 429, body: BUSY, headers: reset } });
  expect(await platform.write({ ...flag, exposure: five, ...by })).toMatchObject({ kind: 'taken' });
  expect(shareOf(double, flag.key)).toBe(5);
});

test('too many requests for longer than a call may wait is said at once', async () => {
  double.next({
    kind: 'instead',
    method: 'PATCH',
    answer: { status: 429, body: BUSY, headers: { 'retry-after': '600' } },
  });
  await expect(platform.write({ ...flag, exposure: five, ...by })).rejects.toMatchObject({
    code: 'PLATFORM_UNREACHABLE',
  });
});

test('a write whose answer is lost is not sent twice by itself', async () => {
  const sent = double.seen.length;
  double.next({ kind: 'cut', method: 'PATCH' });
  await expect(platform.write({ ...flag, exposure: five, ...by })).rejects.toMatchObject({
    code: 'PLATFORM_UNREACHABLE',
  });
  expect(double.seen.slice(sent).filter((line) => line.startsWith('PATCH'))).toHaveLength(1);
  expect(shareOf(double, flag.key)).toBe(5);
});

test('a variation that the flag has not is said before the start', async () => {
  const shape = { ...SWITCH, variants: { on: 'new', off: 'old' } };
  expect(await platform.lacks({ ...flag, shape })).toHaveLength(2);
  expect(await platform.lacks(flag)).toEqual([]);
  expect(await platform.lacks({ ...flag, key: 'nowhere' })).toEqual([
    expect.stringContaining('has no flag "nowhere"'),
  ]);
});
