import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { openTracing } from './tracing.ts';

const log = { warn: () => undefined };
const open = (env: Record<string, string>) => openTracing({ service: 'test', log }, env);
const OTLP = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };

describe('traces', { timeout: 60_000 }, () => {
  test.each([
    ['nothing is said', {}],
    ['the address is empty', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
    ['OpenTelemetry is switched off', { ...OTLP, OTEL_SDK_DISABLED: 'TRUE' }],
    ['no exporter is wanted', { ...OTLP, OTEL_TRACES_EXPORTER: 'none' }],
  ])('are none where %s', async (_, env) => {
    expect(await open(env)).toBeNull();
  });

  test.each([
    ['all signals', OTLP],
    ['traces alone', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:9/v1/traces' }],
  ])('go to the address of %s, and one that is away keeps nothing from ending', async (_, env) => {
    const tracing = await open(env);
    expect(await tracing?.alone('work', {}, async () => 'done')).toBe('done');
    await expect(tracing?.alone('work', {}, () => Promise.reject(new Error('not done')))).rejects.toThrow(
      'not done',
    );
    await tracing?.stop();
  });

  test('load nothing of OpenTelemetry while they are off', () => {
    const program = `
      const { openTracing } = await import('./app/tracing.ts');
      await openTracing({ service: 'test', log: console }, {});
      const { createRequire } = await import('node:module');
      const loaded = Object.keys(createRequire(import.meta.url).cache);
      console.log(JSON.stringify(loaded.filter((file) => file.includes('opentelemetry'))));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
    );
    expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: '[]', stderr: '' });
  });
});
