import pg from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import { createDatabase, type TestDatabase } from '../fixtures/database.ts';
import { lane } from '../fixtures/lane.ts';
import { startTestStack, type TestStack } from '../fixtures/stack.ts';
import { behindOthers, killedInTheShadow } from './scenes/behind-others.ts';
import { byPercent, canary, holdback, rings, watched } from './scenes/ramps.ts';
import { blueGreen, type Green, startGreen, strangled } from './scenes/switches.ts';
import { capped, tenants, tenantsOfDatabase } from './scenes/tenants.ts';

let crm: TestDatabase;
let green: Green;
let tg: TestStack;
const given = () => tg;

beforeAll(async () => {
  [crm, green] = await Promise.all([createDatabase(), startGreen()]);
  const client = new pg.Client({ connectionString: crm.url });
  await client.connect();
  await client.query('create table customers (tenant text, users int)');
  // Forty tenants of the shop; the ones with an even number are customers, the larger the higher their number.
  await client.query(
    "insert into customers select 'tenant-' || n, 10 * (n + 1) from generate_series(0, 38, 2) as n",
  );
  await client.end();
  tg = await startTestStack(11, {
    checks: { hosts: { [green.host]: {} }, databases: { crm: { url: crm.url } } },
    segments: {
      nordics: { attribute: 'region', operator: 'equals', values: ['eu-north'] },
      'early-adopters': { attribute: 'region', operator: 'equals', values: ['eu-north'] },
      'free-tier': { attribute: 'region', operator: 'equals', values: ['ap-south'] },
      benelux: { attribute: 'region', operator: 'equals', values: ['ap-south'] },
    },
  });
}, 120_000);
afterAll(async () => {
  await tg?.stop();
  green?.close();
  await crm?.drop();
});

describe.concurrent('the example plans of the strategies on the shop', () => {
  killedInTheShadow(given);
  lane('pricing-v2', given, () => {
    behindOthers('pricing-v2', given);
    rings('pricing-v2', given);
    holdback('pricing-v2', given);
    canary('pricing-v2', given);
    tenantsOfDatabase('pricing-v2', given);
    watched('pricing-v2', given);
  });
  lane('checkout-v2', given, () => {
    tenants('checkout-v2', given);
    blueGreen('checkout-v2', given, () => green);
    capped('checkout-v2', given);
    strangled('checkout-v2', given);
    byPercent('checkout-v2', given);
  });
});
