import { describe, expect, test } from 'vitest';
import { Replay } from '../../analysis/replay.ts';
import type { Explanation } from '../../plans/explanation.ts';
import { Report } from '../../plans/report.ts';
import { NOON } from '../../test/fixtures/rollout-view.ts';
import { KIM, storyPlan, tellStory } from '../../test/fixtures/story.ts';
import { reportMarkdown } from './markdown.ts';
import { reportOf } from './report.ts';
import { decisionText, detectionLines, impactLines } from './sentences.ts';

const rolledBack = () =>
  tellStory({
    chapters: [{ stage: '1%' }, { stage: '25%', errors: 0.1, from: 10, polls: 16 }],
    stop: { transition: 'hard-stop' },
  });

describe('the report of a rollout that was rolled back', () => {
  const report = reportOf(rolledBack());

  test('is JSON of its schema, with a table for each gate', () => {
    expect(Report.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report.gates.map(({ stage, verdict }) => [stage, verdict])).toEqual([
      ['1%', 'pass'],
      ['25%', 'hard'],
    ]);
  });

  test('says in one sentence how it went, and why', () => {
    expect(report.summary).toMatch(
      /^pricing-v2 was rolled back in stage 25% 9 min after it began: errors: canary /,
    );
    expect(report).toMatchObject({ finished: true, stop: { stage: '25%', metric: 'errors' } });
    expect(report.stages).toMatchObject([
      { stage: '1%', ending: 'advanced', passed: NOON + 300_000, exposure: { percent: 1 } },
      { stage: '25%', ending: 'rolled-back', passed: null, exposure: { percent: 25 } },
    ]);
  });

  test('dates the first bad window by the evidence, and how long it took from there', () => {
    // Poll 10 of the second stage, which begins 300 s in, is the first bad one; a restart may lie a unit before it.
    const bad = NOON + (300 + 10 * 15) * 1000;
    const { detection } = report;
    expect(detection?.by).toBe('evidence');
    expect(detection?.onset).toBeGreaterThanOrEqual(NOON + 300_000);
    expect(detection?.onset).toBeLessThanOrEqual(bad + 15_000);
    expect(detection?.back).toBe((detection?.stopped ?? 0) + 120);
    const said = detection === null ? '' : detectionLines(detection).join(' ');
    expect(said).toMatch(/The flag was back .* 120 ms after the stop and \d+ (?:min|s)/);
  });

  test('estimates what users saw: the excess of each stage, its interval, and the users that it hit', () => {
    const errors = report.impact.metrics.find(({ metric }) => metric === 'errors');
    // Six polls of 500 requests at 10 % in the place of 1 %.
    expect(errors?.excess).toBeGreaterThan(200);
    expect(errors?.excess).toBeLessThan(340);
    expect(errors?.interval?.[0]).toBeLessThan(errors?.excess ?? 0);
    expect(errors?.interval?.[1]).toBeGreaterThan(errors?.excess ?? 0);
    expect(errors?.stages.map(({ stage }) => stage)).toEqual(['1%', '25%']);
    expect(errors?.users?.estimate).toBeLessThan(errors?.excess ?? 0);
    expect(report.impact).toMatchObject({ requests: 20 * 20 + 16 * 500, uncompared: 0, users: 750 });
    expect(report.impact.metrics.map(({ metric }) => metric)).toEqual(['errors', 'orders', 'latency']);
    expect(impactLines(report).join('\n')).toMatch(/errors: about \d+ more bad events than .* users \(/);
  });

  test('advises a smaller step', () => {
    expect(report.advice.find(({ kind }) => kind === 'step')?.text).toBe(
      'It stopped in stage 25% after 8,000 requests of the canary there: a stage of 5 % between 1 % and 25 % would have exposed 20 % as many in the same time.',
    );
  });

  test('has both cohorts of every kind of metric over time, with the margins, and the evidence', () => {
    expect(report.metrics.map(({ kind }) => kind)).toEqual(['ratio', 'ratio', 'latency', 'mean', 'gauge']);
    for (const { points } of report.metrics) {
      expect(points).toHaveLength(36);
      expect(points.every(({ baseline, canary }) => baseline !== null && canary !== null)).toBe(true);
    }
    const [errors, orders] = report.metrics;
    const last = errors?.points.at(-1);
    expect(last?.soft).toBeCloseTo((last?.baseline ?? 0) + 0.005, 9);
    expect(orders?.points.at(-1)?.soft).toBeLessThan(orders?.points.at(-1)?.baseline ?? 0);
    expect(report.evidence.points.at(-1)?.lnE).toBeGreaterThan(report.evidence.threshold);
  });

  test('is Markdown without a number that is none', () => {
    const text = reportMarkdown(report);
    expect(text).toMatch(/^# pricing-v2: rollout pricing-v2-1\n\n\*\*pricing-v2 was rolled back/);
    for (const title of [
      'Timeline',
      'Why it stopped',
      'How fast it was found',
      'What users saw',
      'Who decided',
    ])
      expect(text).toContain(`\n## ${title}\n`);
    expect(text).toContain('\n### Stage 25%: hard');
    expect(text).not.toMatch(/NaN|Infinity|undefined|null/);
  });
});

describe('the report', () => {
  test('of a soft stop that was accepted says who accepted what, and that it went on', () => {
    const seen = { t: 450, cause: KIM };
    const report = reportOf(
      tellStory({
        chapters: [{ stage: '1%' }, { stage: '25%', errors: 0.022, polls: 30 }, { stage: '100%' }],
        completed: true,
        more: [
          {
            ...seen,
            transition: 'soft-stop',
            cause: { kind: 'gate', verdict: 'soft', reason: 'errors' },
            summary: 'Paused: errors.',
          },
          {
            ...seen,
            transition: 'accepted',
            summary: 'kim accepts a difference: errors up to 0.05.',
            values: { errors: 0.05 },
          },
        ],
      }),
    );
    expect(report.summary).toMatch(
      / reached its end .*: everyone, with a difference that people accepted\.$/,
    );
    expect(report.decisions).toMatchObject([{ transition: 'accepted', by: 'kim', reason: 'looked at it' }]);
    expect(report.decisions.map(decisionText)).toEqual([
      'kim accepts a difference: errors up to 0.05. Reason: looked at it. (on-call, in stage 25%)',
    ]);
    expect(report).toMatchObject({ stop: null, detection: null });
    const errors = report.gates[1]?.rows.find(({ metric }) => metric === 'errors');
    expect(errors?.acceptable).toBe('≤ +5 pp accepted, hard +2 pp');
    expect(report.gates[2]?.rows.find(({ metric }) => metric === 'errors')?.difference).toBeNull();
    expect(report.impact.uncompared).toBe(20 * 2000);
  });

  test('of a forward-only plan says who has the canary afterwards', () => {
    const plan = storyPlan({ reversibility: 'forward-only', safeExposure: 'frozen' });
    const { summary, stop } = reportOf(
      tellStory({
        plan,
        chapters: [{ stage: '1%' }, { stage: '25%', errors: 0.1 }],
        stop: { transition: 'hard-stop' },
      }),
    );
    expect(summary).toContain('was stopped in stage 25%');
    expect(summary).toContain('stays at its safe exposure (25 %)');
    expect(stop?.exposure.percent).toBe(25);
  });

  test('of a kill names the person and no first bad window', () => {
    const report = reportOf(
      tellStory({ chapters: [{ stage: '1%' }], stop: { transition: 'killed', cause: KIM } }),
    );
    expect(report.detection).toMatchObject({ by: 'person', onset: null });
    expect(report.detection === null ? [] : detectionLines(report.detection)).toContain(
      'It was stopped by a person, not by the gate.',
    );
    expect(report.decisions).toMatchObject([{ transition: 'killed', by: 'kim' }]);
    expect(report.advice.filter(({ kind }) => kind === 'step')).toEqual([]);
  });

  test('of a limit dates it by the first window above the limit', () => {
    const plan = storyPlan({
      metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+50pp' }],
      limits: [{ name: 'ceiling', metric: 'errors', above: '5%', for: '30s', action: 'rollback' }],
    });
    const report = reportOf(
      tellStory({
        plan,
        chapters: [{ stage: '1%' }, { stage: '25%', errors: 0.1, from: 10, polls: 12 }],
        stop: { transition: 'hard-stop' },
      }),
    );
    expect(report.detection).toMatchObject({ by: 'limit', onset: NOON + (300 + 150) * 1000 });
  });

  test('of a stop that a slice has carried names the slice, dates it there, and counts what was bad in it', () => {
    const slice = 'tier=enterprise';
    const report = reportOf(
      tellStory({
        plan: storyPlan({ coverage: [{ slice, minRequests: 10 }] }),
        chapters: [{ stage: '1%' }, { stage: '25%', errors: 0.01, sliceErrors: 0.5, from: 40, polls: 52 }],
        stop: { transition: 'hard-stop' },
      }),
    );
    expect(report.stop).toMatchObject({ metric: 'errors', slice });
    expect(report.detection).toMatchObject({ by: 'evidence', onset: NOON + (300 + 600) * 1000 });
    const bad = report.impact.metrics.find((one) => one.metric === 'errors' && one.slice === slice);
    expect(bad?.excess).toBeGreaterThan(50);
    expect(bad?.interval?.[0]).toBeGreaterThan(0);
    expect(reportMarkdown(report)).toMatch(/errors\\{tier=enterprise\\}: about \d+ more bad events/);
  });

  test('of one that still runs is marked as unfinished', () => {
    const report = reportOf(tellStory({ chapters: [{ stage: '1%' }, { stage: '25%', polls: 4 }] }));
    expect(report).toMatchObject({ finished: false, endedAt: null });
    expect(report.summary).toMatch(/^Unfinished: pricing-v2 is in stage 25% \(25 %\) for 2 min\.$/);
    expect(report.gates.at(-1)?.state).toBe('now');
    expect(report.stages.at(-1)).toMatchObject({ to: null, ending: 'running' });
  });

  test('of one that nobody has watched says so', () => {
    const story = tellStory({ chapters: [{ stage: '1%', polls: 0 }] });
    const report = reportOf(story);
    const text = reportMarkdown(report);
    expect(text).toContain('No gate saw a request of the canary.');
    expect(text).toContain('No gate has watched.');
    expect(text).toContain('No person decided anything.');
    expect(text).not.toMatch(/NaN|Infinity|undefined|null/);
  });

  test('keeps both visits of a stage that was entered again', () => {
    const report = reportOf(
      tellStory({ chapters: [{ stage: '1%' }, { stage: '25%', polls: 5 }, { stage: '1%' }] }),
    );
    expect(report.stages.map(({ stage, visit, ending }) => [stage, visit, ending])).toEqual([
      ['1%', 1, 'advanced'],
      ['25%', 1, 'stepped-back'],
      ['1%', 2, 'running'],
    ]);
    expect(report.gates).toHaveLength(3);
  });
});

describe('what to adjust', () => {
  const kinds = (told: Parameters<typeof tellStory>[0]) =>
    new Map(reportOf(tellStory(told)).advice.map(({ kind, text }) => [kind, text]));

  test('a longer bake time where a gate needed much more', () => {
    const advice = kinds({ chapters: [{ stage: '1%', polls: 60 }, { stage: '25%' }] });
    expect(advice.get('bake')).toBe(
      'Stage 1% needed 15 min to pass with a bake time of 5 min: plan 15 min for it, or give it more traffic.',
    );
    expect(kinds({ chapters: [{ stage: '1%' }, { stage: '25%' }] }).has('bake')).toBe(false);
  });

  test('is a change of the plan where no choice is left', () => {
    const edits = (told: Parameters<typeof tellStory>[0]) =>
      reportOf(tellStory(told)).advice.flatMap(({ edit }) => edit ?? []);
    const bake = { kind: 'bake', stage: '1%', value: '15m' };
    expect(edits({ chapters: [{ stage: '1%', polls: 60 }, { stage: '25%' }] })).toContainEqual(bake);
  });

  test('the part of the traffic that carried what it was stopped for, as coverage', () => {
    const story = tellStory({ chapters: [{ stage: '25%' }] });
    const tally = { events: 1, total: 10 };
    const value = { canary: tally, baseline: tally, excess: 9, lnE: 9, found: true, only: null };
    const values = [
      { ...value, value: 'enterprise', share: 0.9, traffic: 0.1 },
      { ...value, value: 'free', share: 0.1, traffic: 0.9 },
    ];
    const dimensions = [
      { label: 'tier', values, left: 0, mix: { excess: 0, share: 0, value: null }, note: null },
    ];
    const explanation = {
      metric: 'errors',
      sentence: 'tier=enterprise',
      dimensions,
    } as unknown as Explanation;
    const advised = (plan = story.replay.plan) => {
      const view = { ...story.view, explanation };
      const stop = {
        cause: { kind: 'gate', verdict: 'hard', reason: '' },
        transition: 'hard-stop',
        at: 1,
      } as const;
      return reportOf({ ...story, replay: new Replay(plan), view: { ...view, phase: 'rolled-back', stop } })
        .advice;
    };
    expect(advised().find(({ kind }) => kind === 'coverage')).toMatchObject({
      text: expect.stringContaining('tier=enterprise had 10 % of the requests and 90 % of what was bad'),
      edit: { kind: 'coverage', slice: 'tier=enterprise' },
    });
    const covered = { ...story.replay.plan, coverage: [{ then: 'stop' as const, slice: 'tier=enterprise' }] };
    expect(advised(covered).some(({ kind }) => kind === 'coverage')).toBe(false);
  });

  test('a minimum that was never met', () => {
    const plan = storyPlan({ stages: [{ name: '1%', percent: 1, bake: '5m', minRequests: 5000 }] });
    expect(kinds({ plan, chapters: [{ stage: '1%' }] }).get('minimum')).toBe(
      'Stage 1% never saw its minimum of requests of the canary (400 of 5,000): make the stage longer or larger, or ask for fewer.',
    );
  });

  test('a soft margin that the stages could not see', () => {
    const plan = storyPlan({
      metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.01pp' }],
    });
    expect(kinds({ plan, chapters: [{ stage: '1%' }, { stage: '25%' }] }).get('margin')).toMatch(
      /^The soft margin of errors \(\+0.01 pp\) was finer than stage 25% could see \(about \+[\d.]+ pp\)/,
    );
    const wide = storyPlan({
      metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+60pp' }],
    });
    expect(kinds({ plan: wide, chapters: [{ stage: '25%' }] }).get('margin')).toContain('is far wider than');
  });

  test('a noise that was measured above what the plan assumes', () => {
    const story = tellStory({ chapters: [{ stage: '25%' }], plan: storyPlan({ analysis: { noise: 0.05 } }) });
    const noisy = story.polls.map((poll, i) => {
      if (poll.sample === null) return poll;
      const half = (events: number) => ({
        requests: 800,
        ratios: { errors: { events, total: 800 } },
        histograms: {},
      });
      return {
        ...poll,
        sample: { ...poll.sample, halves: [half(i % 2 === 0 ? 80 : 8), half(i % 2 === 0 ? 8 : 80)] as const },
      };
    });
    const again = new Replay(story.replay.plan);
    for (const poll of noisy) again.add(poll);
    const { advice } = reportOf({ ...story, polls: noisy, replay: again });
    expect(advice.find(({ kind }) => kind === 'noise')?.text).toMatch(
      /^Equal cohorts differed in errors by more \([\d.]+\) than analysis.noise \(0.05\) assumes/,
    );
  });
});
