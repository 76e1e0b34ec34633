import { expect, test } from 'vitest';
import type { MetricAssessment } from '../../plans/assessment.ts';
import { exampleAssessment } from '../../test/fixtures/rollout-view.ts';
import { comparison } from './evidence.ts';
import { plainInk } from './ink.ts';

const kinds = { errors: 'ratio', latency: 'latency', conversion: 'ratio' } as const;

function table(more: Parameters<typeof exampleAssessment>[0]): string[] {
  return comparison(exampleAssessment(more), { kinds, width: 100, ink: plainInk });
}

function first(more: Partial<MetricAssessment>): MetricAssessment[] {
  return exampleAssessment()
    .metrics.slice(0, 1)
    .map((metric) => ({ ...metric, ...more }));
}

test('where nothing is compared no metric passes, and no difference of another stage is shown', () => {
  const lines = table({ compared: false, metrics: first({ verdict: 'pass', baseline: null }) });
  expect(lines.at(-1)).toMatch(/^errors +– +0\.61 % +not compared +– .* –$/);
  // What earlier stages have against the canary stops it there too, and is what the stop is about.
  const stop = table({ compared: false, metrics: first({ verdict: 'hard' }) });
  expect(stop.at(-1)).toMatch(/\+0\.12 ±0\.05 pp +≤ \+0\.1 pp .* HARD$/);
});

test('a metric without a margin passes nothing', () => {
  const [line] = table({ metrics: first({ verdict: 'pass', soft: null, hard: null }) }).slice(-1);
  expect(line).toMatch(/\+0\.12 ±0\.05 pp .* –$/);
});

test('however narrow the screen, the difference and the verdict are on it', () => {
  const of = (width: number) => comparison(exampleAssessment(), { kinds, width, ink: plainInk });
  expect(of(80)[0]).toMatch(/^metric +baseline +canary +difference +acceptable +sure +verdict$/);
  for (const width of [40, 48, 56]) {
    const [titles = '', ...lines] = of(width);
    expect(titles).toMatch(/difference +verdict$/);
    for (const line of [titles, ...lines]) expect(line.length).toBeLessThanOrEqual(width);
  }
});
