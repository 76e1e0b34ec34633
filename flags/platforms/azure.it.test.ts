import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AzureDouble, locked, PROBLEM, startAzure } from '../../test/fixtures/azure-double.ts';
import { providerContract } from '../../test/fixtures/provider-contract.ts';
import { SWITCH } from '../../test/fixtures/provider-stand.ts';
import { createAzure } from './azure.ts';
import { AzureConfig } from './config.ts';
import type { Platform } from './platform.ts';

function platformOf({ url, id, secret }: AzureDouble): Platform {
  return createAzure('azure', AzureConfig.parse({ kind: 'azure', url, id, secret }));
}

function shareOf(double: AzureDouble, key: string): number {
  const value = double.value(key);
  if (value?.enabled !== true) return 0;
  return value.conditions?.client_filters[0]?.parameters.Audience.DefaultRolloutPercentage ?? 100;
}

providerContract('Azure App Configuration', async () => {
  const double = await startAzure();
  return {
    platform: platformOf(double),
    move: async (key, percent) => double.move(key, percent),
    who: null,
    served: async (key) => shareOf(double, key),
    lag: (reads) => double.lag(reads),
    spoil: (kind) => double.next({ kind, method: 'PUT' }),
    close: () => double.close(),
  };
});

let double: AzureDouble;
let platform: Platform;
beforeAll(async () => {
  double = await startAzure();
  platform = platformOf(double);
});
afterAll(() => double.close());

const at = (key: string) => ({ environment: 'production', key, shape: SWITCH });
const BUSY = {
  type: 'https://azconfig.io/errors/too-many-requests',
  title: 'Resource utilization has surpassed the assigned quota',
  policy: 'Total Requests',
  status: 429,
};
const five = { percent: 5, segments: [], variant: null };
const by = { expected: null, author: 'ada', reason: 'a test' };

test('a locked flag is refused with what to do, for a raise as for a kill', async () => {
  await platform.write({ ...at('locked'), exposure: five, ...by });
  double.lock('locked', true);
  const refused = { code: 'PLATFORM_REFUSED', message: expect.stringContaining('locked') };
  await expect(platform.write({ ...at('locked'), exposure: five, ...by })).rejects.toMatchObject(refused);
  // Locked between the read and the write.
  double.lock('locked', false);
  double.next({ kind: 'instead', method: 'PUT', answer: locked('locked') });
  await expect(platform.write({ ...at('locked'), exposure: five, ...by })).rejects.toMatchObject(refused);
});

test('a lost race is a conflict', async () => {
  await platform.write({ ...at('raced'), exposure: five, ...by });
  const { version: expected = '' } = (await platform.read(at('raced'))) ?? {};
  double.next({ kind: 'instead', method: 'PUT', answer: { status: 412 } });
  expect(await platform.write({ ...at('raced'), exposure: five, ...by, expected })).toEqual({
    kind: 'conflict',
  });
});

test('too many requests: it waits as long as it is told, and signs anew', async () => {
  double.next({
    kind: 'instead',
    method: 'PUT',
    answer: { status: 429, body: BUSY, headers: { ...PROBLEM, 'retry-after-ms': '150' } },
  });
  expect(await platform.write({ ...at('busy'), exposure: five, ...by })).toMatchObject({ kind: 'taken' });
  expect(shareOf(double, 'busy')).toBe(5);
});

test('what else stands in the flag stays', async () => {
  await platform.write({ ...at('kept'), exposure: five, ...by });
  await platform.write({ ...at('kept'), exposure: { ...five, percent: 0 }, ...by });
  expect(double.value('kept')).toMatchObject({ id: 'kept', enabled: false });
  expect(await platform.check()).toBe('');
});

test('what it has written it reads at once, also where others still read what was before', async () => {
  await platform.write({ ...at('seen'), exposure: five, ...by });
  double.lag(1000);
  await platform.write({ ...at('seen'), exposure: { ...five, percent: 25 }, ...by });
  for (let look = 0; look < 5; look += 1)
    expect(await platform.read(at('seen'))).toMatchObject({ exposure: { percent: 25 } });
  // An answer of another row, from before, takes nothing of that back.
  await platform.read(at('never'));
  expect(await platform.read(at('seen'))).toMatchObject({ exposure: { percent: 25 } });
  expect(await platformOf(double).read(at('seen'))).toMatchObject({ exposure: { percent: 5 } });
  double.lag(0);
});

test('a wrong secret is refused', async () => {
  const secret = Buffer.from('another').toString('base64');
  const config = AzureConfig.parse({ kind: 'azure', url: double.url, id: double.id, secret });
  await expect(createAzure('azure', config).check()).rejects.toMatchObject({ code: 'PLATFORM_REFUSED' });
});
