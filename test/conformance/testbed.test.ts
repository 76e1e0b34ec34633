import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { FlagdCore } from '@openfeature/flagd-core';
import { DefaultLogger, type EvaluationDetails, type FlagValue, OpenFeature } from '@openfeature/server-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flagProvider } from '../../client/flag-provider.ts';
import { evaluateOne } from '../../flags/ofrep.ts';
import type { FlagService } from '../../flags/service.ts';
import { type SyncServer, startSync } from '../../flags/sync.ts';
import { readFeature, type Scenario } from '../fixtures/gherkin.ts';

const bed = new URL('../../../shared/conformance/flagd-testbed/evaluator/', import.meta.url);
const missing = existsSync(bed) ? '' : ' (skipped: no conformance data)';

/** What a scenario says, and what came of it. */
interface Run {
  type: string;
  key: string;
  fallback: FlagValue;
  context: Record<string, unknown>;
  result: Result;
}
interface Result {
  value: unknown;
  reason?: string | undefined;
  errorCode?: string | undefined;
  metadata: Record<string, unknown>;
}
type Evaluate = (run: Omit<Run, 'result'>) => Promise<Result>;

const features = missing === '' ? readdirSync(new URL('gherkin/', bed)) : [];
const scenarios = features.flatMap((file) => {
  const text = readFileSync(new URL(`gherkin/${file}`, bed), 'utf8');
  return readFeature(text).map((scenario) => ({ ...scenario, name: `${file}: ${scenario.name}` }));
});
/** Of the hash's first generation, which no evaluator of group A has. */
const wanted = scenarios.filter(({ tags }) => !tags.includes('@fractional-v1'));

/** In OFREP the application's side compares the types. */
const typed = ({ steps }: Scenario) => steps.some(({ text }) => text.includes('"TYPE_MISMATCH"'));

/** The definitions of the test bed, served as if they were ours: what is tested is the way to the application. */
function serviceOf(text: string): FlagService {
  const core = new FlagdCore(undefined, quiet);
  core.setConfigurations(text);
  const document = { text, version: '1', changedAt: 0, turns: () => null, evaluator: () => core };
  const service: Pick<FlagService, 'ready' | 'document' | 'subscribe'> = {
    ready: () => true,
    document: () => document,
    subscribe: () => () => undefined,
  };
  return service as FlagService;
}

const quiet = Object.assign(new DefaultLogger(), { error() {}, warn() {}, info() {}, debug() {} });

describe.skipIf(missing !== '')(`flagd's test bed${missing}`, () => {
  let sync: SyncServer;
  let service: FlagService;

  beforeAll(async () => {
    service = serviceOf(readFileSync(new URL('flags/testkit-flags.json', bed), 'utf8'));
    sync = await startSync({ service, host: '127.0.0.1', port: 0 });
    OpenFeature.setLogger(quiet);
    const addresses = [`127.0.0.1:${sync.port}`];
    await OpenFeature.setProviderAndWait('bed', flagProvider({ addresses, environment: 'production' }));
  });

  afterAll(async () => {
    await OpenFeature.close();
    await sync.stop();
  });

  const throughSync: Evaluate = async ({ type, key, fallback, context }) => {
    const details = await detailsOf(type, key, fallback, context);
    const { value, reason, errorCode, flagMetadata } = details;
    // flagd's provider adds the selector that it was given.
    const { scope: _scope, ...metadata } = flagMetadata;
    return { value, reason, errorCode, metadata };
  };

  const throughOfrep: Evaluate = async ({ key, fallback, context }) => {
    const body = JSON.stringify({ context });
    const answer: Record<string, unknown> = {
      ...evaluateOne(service, { environment: 'production', flagSet: null, key, body }).body,
    };
    const { value = fallback, reason, errorCode, metadata } = answer;
    return {
      value,
      reason: typeof reason === 'string' ? reason : undefined,
      errorCode: typeof errorCode === 'string' ? errorCode : undefined,
      metadata: typeof metadata === 'object' && metadata !== null ? { ...metadata } : {},
    };
  };

  it('is read whole', () => {
    expect(features.length).toBeGreaterThanOrEqual(11);
    // The numbers of docs/flags.md.
    const left = scenarios.filter((scenario) => !wanted.includes(scenario));
    expect({ all: scenarios.length, left: left.length, typed: wanted.filter(typed).length }).toEqual({
      all: 140,
      left: 15,
      typed: 1,
    });
  });

  it.each(wanted)('flagd sync: $name', (scenario) => play(scenario, throughSync));

  it.each(wanted.filter((scenario) => !typed(scenario)))('OFREP: $name', (scenario) =>
    play(scenario, throughOfrep),
  );
});

function detailsOf(
  type: string,
  key: string,
  fallback: FlagValue,
  context: Record<string, unknown>,
): Promise<EvaluationDetails<FlagValue>> {
  const client = OpenFeature.getClient('bed');
  const given = context as Parameters<typeof client.getBooleanDetails>[2];
  if (typeof fallback === 'boolean') return client.getBooleanDetails(key, fallback, given);
  if (typeof fallback === 'number') return client.getNumberDetails(key, fallback, given);
  if (typeof fallback === 'string') return client.getStringDetails(key, fallback, given);
  if (type !== 'Object') throw new Error(`no such type: ${type}`);
  return client.getObjectDetails(key, fallback, given);
}

async function play({ steps }: Scenario, evaluate: Evaluate): Promise<void> {
  const run: Run = {
    type: '',
    key: '',
    fallback: '',
    context: {},
    result: { value: undefined, metadata: {} },
  };
  for (const { text, table } of steps) {
    const [a = '', b = '', c = ''] = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(
      (match) => match[1] ?? '',
    );
    if (text === 'an evaluator') continue;
    const flag = /^an? (\w+)-flag with key/.exec(text);
    if (flag !== null) {
      run.type = flag[1] ?? '';
      run.key = a;
      run.fallback = valueOf(run.type, b) as FlagValue;
    } else if (text.startsWith('a context containing a key')) run.context[a] = valueOf(b, c);
    else if (text.startsWith('a context containing a targeting key')) run.context.targetingKey = a;
    else if (text.startsWith('a context containing a nested property')) run.context[a] = { [b]: c };
    else if (text === 'the flag was evaluated with details') run.result = await evaluate(run);
    else if (text.startsWith('the resolved details value'))
      expect(run.result.value).toEqual(valueOf(run.type, a));
    else if (text.startsWith('the reason')) expect(run.result.reason).toBe(a);
    else if (text.startsWith('the error-code')) expect(run.result.errorCode).toBe(a);
    else if (text === 'the resolved metadata is empty') expect(run.result.metadata).toEqual({});
    else if (text === 'the resolved metadata should contain')
      for (const { key = '', metadata_type = '', value = '' } of table)
        expect(run.result.metadata[key]).toEqual(valueOf(metadata_type, value));
    else throw new Error(`a step that nobody has written: ${text}`);
  }
}

function valueOf(type: string, text: string): unknown {
  if (type === 'Boolean') return text === 'true';
  if (type === 'Integer' || type === 'Float') return Number(text);
  if (type === 'Object') return JSON.parse(text === '' ? '{}' : text.replaceAll('\\"', '"'));
  return text;
}
