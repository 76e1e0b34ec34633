import { AsyncLocalStorage } from 'node:async_hooks';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature, type Provider } from '@openfeature/server-sdk';
import { type Context, context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type SyncServer, startSync } from '../flags/sync.ts';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { createDispatcher } from './dispatcher.ts';
import { flagProvider } from './flag-provider.ts';
import { hashUser } from './log-fields.ts';
import { telemetryHook } from './telemetry.ts';

const exporter = new InMemorySpanExporter();
const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).getTracer(
  'test',
);
let server: ApiServer;
let sync: SyncServer;

/** What the SDK for Node brings along: the active span follows asynchronous calls. */
function followCalls(): void {
  const current = new AsyncLocalStorage<Context>();
  context.setGlobalContextManager({
    active: () => current.getStore() ?? ROOT_CONTEXT,
    with: (on, run, self, ...args) => current.run(on, () => run.apply(self, args)),
    bind: (_, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  });
}

beforeAll(async () => {
  followCalls();
  server = await startApiServer();
  const target = { environment: 'staging', key: 'pricing-v2' };
  await server.flagStore.claim(target, flagState(0, 0).shape, 'r-1');
  await vi.waitUntil(() => server.flagService.environments().length === 1);
  server.flagService.accept(flagState(100, 7, { environment: 'staging' }));
  sync = await startSync({ service: server.flagService, host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  exporter.reset();
  OpenFeature.clearHooks();
  await OpenFeature.clearProviders();
});
afterAll(async () => {
  context.disable();
  await sync.stop();
  await server.close();
});

/** The attributes of the events of one span around `work`, by the name of the event. */
async function eventsAround(work: () => Promise<unknown>): Promise<{ name: string; attributes: unknown }[]> {
  const span = tracer.startSpan('request');
  await context.with(trace.setSpan(ROOT_CONTEXT, span), work);
  span.end();
  return (exporter.getFinishedSpans()[0]?.events ?? []).map(({ name, attributes }) => ({ name, attributes }));
}

function providers(): [string, () => Provider][] {
  return [
    ['flagd', () => flagProvider({ addresses: [`127.0.0.1:${sync.port}`], environment: 'staging' })],
    [
      'ofrep',
      () => new OFREPProvider({ baseUrl: server.url, headers: [['flagd-selector', 'flagSetId=staging']] }),
    ],
  ];
}

describe('telemetryHook', () => {
  it.each([0, 1])(
    'names the evaluation of a flag that we serve by the conventions (provider %i)',
    async (at) => {
      const [name, provider] = providers()[at] ?? [];
      if (provider === undefined) throw new Error('no provider');
      OpenFeature.addHooks(telemetryHook());
      await OpenFeature.setProviderAndWait(provider());
      const client = OpenFeature.getClient();
      const events = await eventsAround(async () => {
        expect(await client.getBooleanValue('pricing-v2', false, { targetingKey: 'ann' })).toBe(true);
      });
      expect(events).toEqual([
        {
          name: 'feature_flag.evaluation',
          attributes: {
            'feature_flag.key': 'pricing-v2',
            'feature_flag.provider.name': expect.stringContaining(
              name === 'flagd' ? 'flagd' : 'Remote Evaluation Protocol',
            ),
            'feature_flag.result.variant': 'on',
            'feature_flag.result.reason': 'static',
            'feature_flag.set.id': 'staging',
            'feature_flag.version': '7',
            'feature_flag.context.id': 'ann',
          },
        },
      ]);
    },
  );

  it('says why there was no answer, and writes of the key what it is told', async () => {
    const [, provider] = providers()[0] ?? [];
    if (provider === undefined) throw new Error('no provider');
    OpenFeature.addHooks(telemetryHook({ contextId: (key) => hashUser(key, 'secret') }));
    await OpenFeature.setProviderAndWait(provider());
    const client = OpenFeature.getClient();
    const [unknown, wrong] = await eventsAround(async () => {
      await client.getBooleanValue('nothing', false, { targetingKey: 'ann' });
      await client.getStringValue('pricing-v2', 'own', {});
    });
    expect(unknown?.attributes).toMatchObject({
      'error.type': 'flag_not_found',
      'error.message': expect.stringContaining('nothing'),
      'feature_flag.result.reason': 'error',
      'feature_flag.context.id': hashUser('ann', 'secret'),
    });
    expect(wrong?.attributes).toMatchObject({ 'error.type': 'type_mismatch' });
    expect(wrong?.attributes).not.toHaveProperty(['feature_flag.context.id']);
  });

  it('leaves the key out where it is told to', async () => {
    OpenFeature.addHooks(telemetryHook({ contextId: () => null }));
    const [event] = await eventsAround(() =>
      OpenFeature.getClient().getBooleanValue('pricing-v2', false, { targetingKey: 'ann' }),
    );
    expect(event?.attributes).not.toHaveProperty(['feature_flag.context.id']);
  });

  it('sees what the dispatcher asks, and does nothing without a span', async () => {
    const [, provider] = providers()[0] ?? [];
    if (provider === undefined) throw new Error('no provider');
    OpenFeature.addHooks(telemetryHook());
    await OpenFeature.setProviderAndWait(provider());
    const dispatcher = createDispatcher({ service: 'shop' });
    const run = () =>
      dispatcher.run({
        flag: 'pricing-v2',
        context: { targetingKey: 'ann' },
        baseline: () => 'old',
        canary: () => 'new',
      });
    expect(await run()).toBe('new');
    const events = await eventsAround(async () => expect(await run()).toBe('new'));
    expect(events.map(({ attributes }) => attributes)).toMatchObject([
      { 'feature_flag.result.variant': 'on' },
    ]);
    await dispatcher.close();
  });
});
