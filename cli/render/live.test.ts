import { describe, expect, test } from 'vitest';
import {
  exampleLive,
  exampleView,
  NOON,
  rolledBackView,
  stagesAt,
} from '../../test/fixtures/rollout-view.ts';
import type { Watched } from './facts.ts';
import { colorInk, plainInk, widthOf } from './ink.ts';
import { changeLine, renderLive } from './live.ts';

const active: Watched = { view: exampleView(), live: exampleLive() };
const over: Watched = { view: rolledBackView(), live: null };
const live = (watched: Watched[], width = 80, height = 23) =>
  renderLive(watched, { width, height, now: NOON, ink: plainInk });

describe('the live picture', () => {
  test('of one rollout shows stage, exposure, both cohorts, how sure, and what happens next', () => {
    expect(live([active]).join('\n')).toMatchInlineSnapshot(`
      "pricing-v2-1  active, in 5% for 3 min 20 s              exposure 5 % + employees
        internal ✓ ─ 1% ✓ ─ [5%] ─ 25% ─ 50% ─ 100% ─ decommission

        metric      baseline  canary         difference  acceptable  sure  verdict
        errors        0.49 %  0.61 %     +0.12 ±0.05 pp   ≤ +0.1 pp  50 %  hold
        latency       212 ms  209 ms  -0.2 ±0.4 pp slow   ≤ +3.1 pp   0 %  pass
        conversion    21.3 %  21.4 %       +0.1 ±0.4 pp     ≥ -1 pp   0 %  pass
        how sure  ████████░░░░░░░░░░░░  43 % of what a stop needs
        waits for bake time: 20 min more; requests of the canary: 2,000 of 5,000
        next      25 % of users after the bake time, if the gate passes"
    `);
  });

  test('of two rollouts fits 80 x 24', () => {
    expect(live([over, active]).join('\n')).toMatchInlineSnapshot(`
      "checkout-4  rolled back 30 s ago                                 exposure nobody
        internal ✓ ─ 1% ✓ ─ [5% ✗] ─ 25% ─ 50% ─ 100% ─ decommission
        stop      hard stop by the gate: errors: canary 12 % against 0.49 %

      pricing-v2-1  active, in 5% for 3 min 20 s              exposure 5 % + employees
        internal ✓ ─ 1% ✓ ─ [5%] ─ 25% ─ 50% ─ 100% ─ decommission

        metric      baseline  canary         difference  acceptable  sure  verdict
        errors        0.49 %  0.61 %     +0.12 ±0.05 pp   ≤ +0.1 pp  50 %  hold
        latency       212 ms  209 ms  -0.2 ±0.4 pp slow   ≤ +3.1 pp   0 %  pass
        conversion    21.3 %  21.4 %       +0.1 ±0.4 pp     ≥ -1 pp   0 %  pass
        how sure  ████████░░░░░░░░░░░░  43 % of what a stop needs
        waits for bake time: 20 min more; requests of the canary: 2,000 of 5,000
        next      25 % of users after the bake time, if the gate passes"
    `);
  });

  test('leaves out what matters least on 60 columns', () => {
    expect(live([active], 60).join('\n')).toMatchInlineSnapshot(`
      "pricing-v2-1  active, in 5% for 3 min 20 s  exposure 5 % + …
        internal ✓ ─ 1% ✓ ─ [5%] ─ 25% ─ 50% ─ 100% ─ decommission

        metric      baseline  canary         difference  verdict
        errors        0.49 %  0.61 %     +0.12 ±0.05 pp  hold
        latency       212 ms  209 ms  -0.2 ±0.4 pp slow  pass
        conversion    21.3 %  21.4 %       +0.1 ±0.4 pp  pass
        how sure  ████████░░░░░░░░░░░░  43 % of what a stop needs
        waits for bake time: 20 min more; requests of the canary:…
        next      25 % of users after the bake time, if the gate …"
    `);
  });

  test('of a pause says why, until when and what happens then', () => {
    const pause = {
      reason: 'soft stop: errors',
      since: NOON,
      deadline: NOON + 14_400_000,
      then: 'step-back',
    };
    const text = live([{ view: exampleView({ pause }), live: exampleLive() }]).join('\n');
    expect(text).toContain('paused, in 5%');
    expect(text).toContain('soft stop: errors; without an answer in 4 h: step back');
  });

  test('does not show the evidence of an earlier stage as that of the present one', () => {
    const text = live([
      { view: exampleView({ stage: '25%', stages: stagesAt('25%') }), live: exampleLive() },
    ]);
    expect(text.join('\n')).not.toContain('how sure');
  });

  test.each([
    [80, 23],
    [60, 23],
    [60, 12],
    [40, 5],
    [20, 2],
    [200, 50],
  ])('never leaves %d x %d, whatever there is to show', (width, height) => {
    const many = Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? active : over));
    for (const watched of [[], [active], [over, active], many]) {
      for (const ink of [plainInk, colorInk]) {
        const lines = renderLive(watched, { width, height, now: NOON, ink });
        expect(lines.length).toBeLessThanOrEqual(height);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
      }
    }
  });

  test('says how many rollouts have found no place', () => {
    const lines = live(
      Array.from({ length: 12 }, () => active),
      80,
      5,
    );
    expect(lines).toHaveLength(5);
    expect(lines.at(-1)).toBe('and 8 more');
  });
});

test('in a log each change is one line', () => {
  expect(changeLine(active, plainInk)).toBe(
    'pricing-v2-1: active, stage 5%, exposure 5 % + employees, gate hold, next: 25 % of users after the bake time, if the gate passes',
  );
  expect(changeLine(over, plainInk)).toBe(
    'checkout-4: rolled back, stage 5%, exposure nobody, stop: hard stop by the gate: errors: canary 12 % against 0.49 %',
  );
});
