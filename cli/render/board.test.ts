import { expect, test } from 'vitest';
import { boardRow, type SharedRow } from '../../server/api/board-row.ts';
import { exampleView, NOON, rolledBackView } from '../../test/fixtures/rollout-view.ts';
import { boardLine, renderBoard } from './board.ts';
import { plainInk, widthOf } from './ink.ts';

const MINUTE = 60_000;
const pause = {
  reason: 'errors beyond the soft margin',
  since: NOON - 4 * MINUTE,
  deadline: NOON + 26 * MINUTE,
  then: 'step-back',
};
const paused: SharedRow = {
  ...boardRow(exampleView({ pause })),
  gate: { at: NOON, verdict: 'soft', lnE: 5, threshold: 4.6, metric: 'errors' },
};
const asked: SharedRow = boardRow(
  exampleView({
    id: 'search-7',
    blockers: [{ kind: 'approval', text: 'waits for approval', until: null, roles: ['on-call', 'dba'] }],
  }),
);
const over = boardRow({ ...rolledBackView(), endedAt: NOON - 2 * MINUTE });
const entry = {
  rolloutId: 'search-7',
  seq: 4,
  at: NOON - 30_000,
  transition: 'approval-needed',
  stage: '5%',
  cause: { kind: 'policy', reason: 'the plan says so' },
  summary: 'Asks on-call or dba.',
  exposure: { percent: 5, segments: [], variant: null },
  flagBefore: null,
  flagAfter: null,
  evidence: null,
  queries: [],
} as const;
const latest = [{ ...entry, exposure: { ...entry.exposure, segments: [] }, queries: [] }];
const screen = { width: 130, height: 24, now: NOON, ink: plainInk };

test('the board has a line for each, what comes next below it, and what has just happened', () => {
  const lines = renderBoard({ rows: [paused, asked, over], latest, lostAt: null }, screen);
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "2 active rollouts  2 need a person  12:00:00 UTC  live
    rollout       environment  state        stage            exposure         health                 age
    pricing-v2-1  production   paused       stage 5% 3 of 7  5 % + employees  worse: errors (100 %)  4 min paused
        [an operator] errors beyond the soft margin. Without an answer in 26 min: step back.
    search-7      production   active       stage 5% 3 of 7  5 % + employees  no look yet            3 min in stage
        [on-call, dba] 25 % of users after the bake time, if the gate passes
    checkout-4    production   rolled back  stage 5%         nobody           stopped                2 min ago
        hard stop by the gate: errors: canary 12 % against 0.49 %

    11:59:30  search-7: Asks on-call or dba."
  `);
});

test('it fits any screen, and says how many do not', () => {
  const rows = Array.from({ length: 30 }, (_, i) => ({ ...asked, id: `r-${i}` }));
  for (const [width, height] of [
    [40, 5],
    [80, 24],
    [200, 70],
    [20, 1],
  ] as const) {
    const lines = renderBoard({ rows, latest, lostAt: NOON - 5000 }, { ...screen, width, height });
    expect(lines.length).toBeLessThanOrEqual(height);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
  }
  const lines = renderBoard({ rows, latest: [], lostAt: NOON - 5000 }, { ...screen, height: 10 });
  expect(lines[0]).toContain('server lost 5 s ago, trying again');
  expect(lines.at(-1)).toBe('and 23 more');
  expect(renderBoard({ rows: [], latest: [], lostAt: null }, screen)).toContain('Nothing is rolled out now.');
});

test('in a pipe a line says all of it', () => {
  expect(boardLine(paused, { entry: null, now: NOON, ink: plainInk })).toMatchInlineSnapshot(
    `"pricing-v2-1: paused; production, stage 5%; exposure 5 % + employees; worse: errors (100 %); 4 min paused; next: errors beyond the soft margin. Without an answer in 26 min: step back; must act: an operator"`,
  );
  expect(boardLine(asked, { entry: latest[0] ?? null, now: NOON, ink: plainInk })).toMatchInlineSnapshot(
    `"search-7: active; production, stage 5%; exposure 5 % + employees; no look yet; 3 min in stage; Asks on-call or dba; next: 25 % of users after the bake time, if the gate passes; must act: on-call, dba"`,
  );
});
