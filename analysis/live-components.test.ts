import { expect, test } from 'vitest';
import { addPoll } from './process.ts';
import { openProcess, openSegment } from './process-state.ts';
import type { Rule } from './ruler.ts';
import { rulerOf } from './ruler.ts';
import { countYardstick } from './yardstick.ts';

const HOUR = 3600;
const POLL = 15;
const yardsticks = [countYardstick(() => 0)];

/** The most components that are updated at once, over stages that each last as long as planned. */
function mostLive(stages: readonly number[], rule: Rule): number {
  let process = openProcess(1);
  let most = 0;
  stages.forEach((planned, i) => {
    const stake = { share: 1 / stages.length, start: 0.5 };
    const stakes = { even: stake, carried: stake };
    const ruler = rulerOf({ planned, unit: 300, poll: POLL, rule, stakes });
    process = openSegment(process, 0.95);
    for (let poll = 0; poll < planned / POLL; poll++) {
      process = addPoll(process, {
        stage: `${i}`,
        ruler,
        scores: [[0.1, 1, 10, 0.1, 1, 10, 0.2, 10]],
        yardsticks: () => yardsticks,
      });
      most = Math.max(most, process.live.length);
    }
  });
  return most;
}

const hours = (count: number) => Array.from({ length: 4 }, () => count * HOUR);

const PLANS = [
  [hours(1), 28],
  [hours(24), 66],
  [[...hours(24), 7 * 24 * HOUR], 80],
] as const;

test('restarts that are alive are as many as the method says, where stages share the evidence evenly', () => {
  for (const [stages, most] of PLANS) expect(mostLive(stages, 'even')).toBe(most);
});

test('and no more of them by the purse', () => {
  for (const [stages, most] of PLANS) expect(mostLive(stages, 'carried')).toBeLessThanOrEqual(most);
});
