import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { providerContract } from '../../test/fixtures/provider-contract.ts';
import { SEGMENTS, SWITCH } from '../../test/fixtures/provider-stand.ts';
import { startUnleash, type Unleash } from '../../test/fixtures/unleash.ts';
import { UnleashConfig } from './config.ts';
import type { Platform } from './platform.ts';
import { createUnleash } from './unleash.ts';

const ENVIRONMENT = 'production';
const features = '/projects/default/features';

interface Live {
  enabled: boolean;
  strategies: { id: string; title: string; parameters: Record<string, string> }[];
}

function platformOf({ url, token }: Unleash): Platform {
  return createUnleash('unleash', UnleashConfig.parse({ kind: 'unleash', url, token }), SEGMENTS);
}

const live = async (unleash: Unleash, key: string) =>
  (await unleash.api('GET', `${features}/${key}/environments/${ENVIRONMENT}`)) as Live;

async function shareOf(unleash: Unleash, key: string): Promise<number> {
  const { enabled, strategies } = await live(unleash, key);
  return enabled
    ? Number(strategies.find(({ title }) => title === 'Tidegate: share')?.parameters.rollout ?? 0)
    : 0;
}

async function moveTo(unleash: Unleash, key: string, rollout: string): Promise<void> {
  const { strategies } = await live(unleash, key);
  await unleash.api(
    'PATCH',
    `${features}/${key}/environments/${ENVIRONMENT}/strategies/${strategies[0]?.id ?? ''}`,
    [{ op: 'replace', path: '/parameters/rollout', value: rollout }],
  );
}

providerContract('Unleash', async () => {
  const unleash = await startUnleash();
  return {
    platform: platformOf(unleash),
    move: (key, percent) => moveTo(unleash, key, String(percent)),
    who: 'admin',
    served: (key) => shareOf(unleash, key),
    close: () => unleash.close(),
  };
});

let unleash: Unleash;
let platform: Platform;
beforeAll(async () => {
  unleash = await startUnleash();
  platform = platformOf(unleash);
}, 120_000);
afterAll(() => unleash?.close());

/** Passes requests on to Unleash, each after `first`. */
async function startBetween(target: string, first: (path: string) => Promise<void>) {
  const passOn = async (
    { method = 'GET', url = '/', headers }: IncomingMessage,
    response: ServerResponse,
  ) => {
    await first(url);
    const answer = await fetch(target + url, {
      method,
      headers: { authorization: headers.authorization ?? '' },
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(await answer.text());
  };
  const server = createServer((request, response) => void passOn(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

const at = (key: string) => ({ environment: ENVIRONMENT, key, shape: SWITCH });
const by = { expected: null, author: 'ada', reason: 'a test' };

test.each(['0.5', '150', 'abc'])(
  'a rollout of "%s", which Unleash takes with 200, is never read as a share',
  async (text) => {
    const key = `odd-${text.replace('.', '-')}`;
    await platform.write({ ...at(key), exposure: { percent: 5, segments: [], variant: null }, ...by });
    await moveTo(unleash, key, text);
    expect((await platform.read(at(key)))?.exposure.segments).toEqual([`Unleash rollout "${text}"`]);
  },
);

test('a strategy that somebody adds shows, and goes when the flag is written', async () => {
  const flag = at('added');
  await platform.write({ ...flag, exposure: { percent: 5, segments: [], variant: null }, ...by });
  await unleash.api('POST', `${features}/added/environments/${ENVIRONMENT}/strategies`, { name: 'default' });
  expect((await platform.read(flag))?.exposure.percent).toBe(100);
  await platform.write({ ...flag, exposure: { percent: 5, segments: [], variant: null }, ...by });
  expect((await platform.read(flag))?.exposure).toEqual({ percent: 5, segments: [], variant: null });
});

test('a description or a tag is no change of who gets the flag', async () => {
  const flag = at('described');
  await platform.write({ ...flag, exposure: { percent: 5, segments: [], variant: null }, ...by });
  const before = await platform.read(flag);
  await unleash.api('PUT', `${features}/described`, {
    name: 'described',
    type: 'release',
    description: 'other words',
  });
  expect(await platform.read(flag)).toEqual(before);
});

test('a change in the middle of a read is seen with its own version, and never with the one before', async () => {
  const flag = at('torn');
  await platform.write({ ...flag, exposure: { percent: 5, segments: [], variant: null }, ...by });
  const before = await platform.read(flag);
  let moves = [25];
  const between = await startBetween(unleash.url, async (path) => {
    if (!path.endsWith(`/torn/environments/${ENVIRONMENT}`)) return;
    const percent = moves.pop();
    if (percent !== undefined) await moveTo(unleash, 'torn', String(percent));
  });
  try {
    const behind = platformOf({ ...unleash, url: between.url });
    const seen = await behind.read(flag);
    expect(seen).toMatchObject({ exposure: { percent: 25 } });
    expect(seen?.version).not.toBe(before?.version);
    expect(await platform.read(flag)).toEqual(seen);
    moves = [1, 2, 3, 4, 6, 7, 8];
    await expect(behind.read(flag)).rejects.toMatchObject({ code: 'PLATFORM_UNREACHABLE' });
  } finally {
    await between.close();
  }
});

test('its version is found behind however many events that move nobody', async () => {
  const flag = at('tagged');
  await platform.write({ ...flag, exposure: { percent: 5, segments: [], variant: null }, ...by });
  const before = await platform.read(flag);
  for (let i = 0; i < 25; i += 1)
    await unleash.api('PUT', `${features}/tagged`, {
      name: 'tagged',
      type: 'release',
      description: `words ${i}`,
    });
  expect(await platform.read(flag)).toEqual(before);
});

test('what only Unleash knows is asked before the start', async () => {
  expect(await platform.lacks(at('any'))).toEqual([]);
  const odd = { environment: 'moon', key: 'any', shape: { ...SWITCH, stickiness: 'tenant' } };
  const found = await platform.lacks(odd);
  expect(found).toHaveLength(2);
  expect(found[0]).toContain('has no environment "moon"');
  expect(found[1]).toContain('flag.stickiness');
  expect(await platform.check()).toBe('project default');
});

test('a wrong token is refused and no secret is told', async () => {
  const config = UnleashConfig.parse({ kind: 'unleash', url: unleash.url, token: 'sesame' });
  const error = await createUnleash('unleash', config, {})
    .check()
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'PLATFORM_REFUSED' });
  expect(JSON.stringify(error)).not.toContain('sesame');
});
