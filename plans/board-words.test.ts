import { expect, test } from 'vitest';
import { exampleView } from '../test/fixtures/rollout-view.ts';
import { type BoardFacts, healthText } from './board-words.ts';

const row = (gate: BoardFacts['gate'], more: Partial<BoardFacts> = {}): BoardFacts => ({
  ...exampleView(),
  stages: 3,
  done: 1,
  stop: null,
  gate,
  ...more,
});

test('how the new path does: what holds the gate with as much evidence as a stop needs is not nothing', () => {
  const gate = { verdict: 'hold', lnE: 1, threshold: 4.6, metric: null } as const;
  expect(healthText(row(null))).toBe('no look yet');
  expect(healthText(row(gate))).toBe('nothing found yet');
  expect(healthText(row({ ...gate, lnE: 4.6 }))).toBe('worse, or noise');
  expect(healthText(row({ ...gate, verdict: 'soft', metric: 'errors' }))).toBe('worse: errors');
});
