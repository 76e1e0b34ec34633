import { afterAll, beforeAll, expect, test } from 'vitest';
import { Plan } from '../plans/plan.ts';
import { assessment } from '../rollout/world.fixture.ts';
import { createServerTelemetry } from '../server/telemetry/server-telemetry.ts';
import { type Database, openDatabase } from '../store/connection.ts';
import { createFigures } from '../store/figures.ts';
import { migrate } from '../store/migrate.ts';
import { createRolloutStore } from '../store/rollouts.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { type Scraped, startScraped } from '../test/fixtures/scraped.ts';
import { startTold, stopHard, type ToldRollout } from '../test/fixtures/told-rollout.ts';
import { rolloutDashboard } from './rollout-dashboard.ts';

const MORE = {
  approvals: {},
  metadata: { name: 'pricing', service: 'shop', owner: 'payments' },
  flag: { key: 'pricing' },
  environment: 'production',
  metrics: [
    {
      name: 'errors',
      kind: 'ratio',
      bad: 'bad_total',
      total: 'all_total',
      soft: '+10pp',
      hard: 'min(+20pp, +50%)',
    },
    { name: 'load', kind: 'gauge', gauge: 'load', hard: '-30%' },
  ],
  stages: [
    { name: '1%', percent: 1, bake: '10s' },
    { name: '5%', percent: 5, bake: '10s', metrics: { errors: { soft: '+5pp' }, load: { hard: -2 } } },
    { name: '100%', percent: 100, bake: '10s' },
  ],
};
const plan = Plan.parse(MORE);
const LAYERS = ['Stages', 'Pauses', 'Resumed', 'Steps back and rollbacks', 'Completed', 'Other changes'];

let postgres: TestDatabase;
let database: Database;
let scraped: Scraped;
beforeAll(async () => {
  postgres = await createDatabase();
  await migrate(postgres.url);
  database = openDatabase(postgres.url);
  scraped = await startScraped(2);
  const [, app] = scraped.targets;
  for (const [variant, load] of [
    ['off', 10],
    ['on', 9],
  ])
    app?.set(`load{variant="${variant}"}`, load ?? 0);
});
afterAll(async () => {
  await scraped.close();
  await database.close();
  await postgres.drop();
});

/** What Prometheus has once it has read the page as it is now. */
async function seen(told: ToldRollout): Promise<number> {
  await told.record();
  const page = createServerTelemetry({
    readFigures: () => createFigures(database).read(),
    pingTemporal: async () => undefined,
    now: () => Date.now(),
  });
  const body = Buffer.from(await page.text());
  scraped.targets[0]?.setPage({ type: page.contentType, body });
  return scraped.scraped();
}

const board = rolloutDashboard(plan);
const expression = (panel: string, of: string) => {
  const found = board.panels?.find((one) => 'title' in one && one.title === panel);
  const targets = (found as { targets?: { refId?: string; expr?: string }[] } | undefined)?.targets ?? [];
  return targets.find(({ refId }) => refId === of)?.expr ?? 'no_such_target';
};
const value = async (panel: string, of: string, at: number) => {
  const [one] = await scraped.query(expression(panel, of), at);
  return one === undefined ? null : Number(one.toFixed(4));
};
/** The moments that a layer marks, in ms. */
const marks = (layer: string, at: number) =>
  scraped.query(board.annotations?.list?.find(({ name }) => name === layer)?.expr ?? 'no_such_layer', at);

test('the dashboard draws the margins of the stage that runs, and marks every transition at its own moment', async () => {
  const told = await startTold(createRolloutStore(database), { more: MORE, at: Date.now() });
  const { world } = told;
  const times = (transition: string) => world.journal.filter((one) => one.transition === transition);
  const first = await seen(told);
  expect(times('started')).toHaveLength(1);
  // Of the load, a share of the baseline: 30 % of 10.
  expect(await value('load', 'hard', first)).toBe(7);
  expect(await value('load', 'soft', first)).toBe(null);

  world.now += 1_000;
  world.person('pause');
  world.now += 1_000;
  world.person('resume');
  world.now += 20_000;
  world.event({ kind: 'tick' });

  world.report(assessment('pass'));
  world.settle();
  const second = await seen(told);
  expect(world.state.stage).toBe(1);
  // The second stage has a margin of its own, in the metric's unit.
  expect(await value('load', 'hard', second)).toBe(8);

  world.now += 1_000;
  stopHard(told);
  world.settle();
  const third = await seen(told);
  expect(await value('load', 'hard', third)).toBe(null);
  expect(await value('load', 'canary', third)).toBe(9);

  // Each at the moment of its line in the journal; two pauses within one scrape would be two marks.
  const expected: Record<string, number[]> = {
    Stages: [...times('started'), ...times('advanced')].map(({ at }) => at),
    Pauses: times('paused').map(({ at }) => at),
    Resumed: times('resumed').map(({ at }) => at),
    'Steps back and rollbacks': [...times('hard-stop'), ...times('rolled-back')].map(({ at }) => at),
    Completed: [],
    'Other changes': [],
  };
  expect(Object.values(expected).map(({ length }) => length)).toEqual([2, 1, 1, 2, 0, 0]);
  expect(board.annotations?.list?.map(({ name }) => name)).toEqual(LAYERS);
  for (const [layer, at] of Object.entries(expected))
    expect({ layer, at: (await marks(layer, third)).map(Math.round).toSorted() }).toEqual({
      layer,
      at: at.toSorted(),
    });
});

test('a soft margin that a person has widened is drawn as accepted, and an overridden one as the stage has it', async () => {
  const name = 'checkout';
  const own = { ...MORE, flag: { key: name } };
  const told = await startTold(createRolloutStore(database), { more: own, name, at: Date.now() });
  const { world } = told;

  const ask = (at: number) =>
    scraped.query(
      'sum by (margin, unit) (tidegate_rollout_margin{flag="checkout",metric="errors",margin="soft"})',
      at,
    );
  expect(await ask(await seen(told))).toEqual([0.1]);
  world.now += 20_000;
  world.event({ kind: 'tick' });
  world.report(assessment('pass'));
  world.settle();
  expect(await ask(await seen(told))).toEqual([0.05]);
  world.now += 1_000;
  const metric = {
    metric: 'errors',
    verdict: 'soft' as const,
    lnE: 5,
    estimate: 0.06,
    standardError: 0.01,
    baseline: 0,
    canary: 0.06,
    baselineRequests: 100,
    canaryRequests: 100,
    soft: 0.05,
    hard: 0.2,
    interval: null,
    proven: null,
  };
  world.report(assessment('soft', { metric: 'errors', metrics: [metric] }));
  world.settle();
  world.event({
    kind: 'person',
    action: 'approve',
    by: 'kim',
    roles: ['lead', 'on-call'],
    reason: 'known',
    accept: 0.08,
    breakGlass: false,
  });
  world.settle();
  expect(world.journal.some(({ transition }) => transition === 'accepted')).toBe(true);
  expect(await ask(await seen(told))).toEqual([0.08]);
});
