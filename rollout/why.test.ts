import { describe, expect, it } from 'vitest';
import { assess, observe, openEvidence } from '../analysis/gate.ts';
import type { Explanation } from '../plans/explanation.ts';
import type { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import type { Command } from './command.ts';
import type { GateMemory } from './event.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const QUIET = {
  approvals: {},
  stages: [
    { name: '1%', percent: 1, bake: '10s' },
    { name: '5%', percent: 5, bake: '10s' },
  ],
};

/** A gate's memory after some polls with errors. */
function memory(plan: Plan, since: number): GateMemory {
  let evidence = openEvidence(plan);
  for (let t = 15; t <= 60; t += 15) {
    const cohort = (requests: number, events: number) => ({
      requests,
      ratios: { errors: { events, total: requests } },
      histograms: {},
    });
    const sample: Sample = { stage: '1%', t, baseline: cohort(900, 3), canary: cohort(100, 30) };
    evidence = observe(
      evidence,
      plan,
      { kind: 'sample', sample, expressions: {}, queries: [] },
      { stageIndex: 0 },
    );
  }
  return { evidence, since, cursor: 60, cleanSince: null };
}

function running(more: object = {}): World {
  const world = new World(planOf({ ...QUIET, ...more }));
  world.event({ kind: 'begin' });
  world.settle();
  expect(world.state.stage).toBe(0);
  return world;
}

function report(world: World, verdict: 'soft' | 'hard' | 'hold', more: object = {}): void {
  world.report(assessment(verdict, { metric: 'errors', ...more }), {
    memory: memory(world.state.plan, world.state.stageSince ?? 0),
  });
}

const asked = (world: World) =>
  world.commands.filter(
    (command): command is Extract<Command, { kind: 'explain' }> => command.kind === 'explain',
  );
const told = (world: World) => world.journal.map(({ transition }) => transition);
const messages = (world: World) =>
  world.commands.flatMap((command) => (command.kind === 'record' ? command.request.notifications : []));

const explanation = { metric: 'errors', sentence: 'all of it comes from endpoint=/checkout' } as Explanation;

function answer(world: World, of = asked(world).at(-1)?.request.of ?? -1): void {
  world.event({ kind: 'explained', of, explanation, queries: ['q'] });
}

describe('why', () => {
  it('is asked at a hard stop once the flag is back, and journaled once although the rollout is over', () => {
    const world = running({ notify: [{ channel: 'pager', events: ['rolled-back'] }] });
    report(world, 'hard');
    expect(world.pending).toHaveLength(1);
    expect(asked(world)).toEqual([]);
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
    expect(asked(world)).toHaveLength(1);
    expect(asked(world)[0]?.request).toMatchObject({
      of: world.journal.find(({ transition }) => transition === 'hard-stop')?.seq,
      inquiry: { metric: 'errors', from: 0, to: 60, counted: 'bad' },
    });
    answer(world);
    answer(world);
    expect(told(world).slice(-3)).toEqual(['hard-stop', 'rolled-back', 'explained']);
    expect(world.journal.at(-1)).toMatchObject({
      seq: world.journal.length,
      summary: 'Why: all of it comes from endpoint=/checkout.',
      explanation,
      queries: ['q'],
    });
    expect(viewOf(world.state, world.now).explanation).toEqual(explanation);
    expect(messages(world).map(({ event }) => event)).toEqual(['rolled-back', 'explained']);
    expect(messages(world).at(-1)?.explanation).toEqual(explanation);
  });

  it('is asked within the slice that stopped it, which the journal and an acceptance name', () => {
    const slice = 'tier=enterprise';
    const world = running({ coverage: [{ slice, minRequests: 1 }] });
    const { plan } = world.state;
    const cohort = (events: number) => ({
      requests: 100,
      ratios: { errors: { events, total: 100 } },
      histograms: {},
    });
    let evidence = openEvidence(plan);
    for (let t = 15; t <= 300; t += 15) {
      const sample: Sample = {
        stage: '1%',
        t,
        baseline: cohort(0),
        canary: cohort(0),
        slices: { [slice]: { baseline: cohort(0), canary: cohort(60) } },
      };
      const reading = { kind: 'sample' as const, sample, expressions: {}, queries: [] };
      evidence = observe(evidence, plan, reading, { stageIndex: 0 });
    }
    const at = assess(evidence, plan, { stageIndex: 0 });
    world.report(
      {
        ...at,
        verdict: 'soft',
        metrics: at.metrics.map((one) => ({ ...one, verdict: one.slice === undefined ? 'pass' : 'soft' })),
      },
      { memory: { evidence, since: world.state.stageSince ?? 0, cursor: 300, cleanSince: null } },
    );
    expect(asked(world)[0]?.request.inquiry).toMatchObject({ metric: 'errors', slice });
    expect(world.journal.findLast(({ transition }) => transition === 'soft-stop')?.summary).toContain(
      'errors{tier=enterprise}: canary 60 %',
    );
    world.person('approve');
    expect(world.journal.at(-1)?.summary).toMatch(/accepts a difference: errors\{tier=enterprise\} up to/);
    expect(Object.keys(world.state.acceptances)).toEqual(['errors{tier=enterprise}']);
    const known = world.state.memory?.evidence;
    expect(known?.metrics['errors']?.accepted).toBeNull();
    expect(known?.slices[slice]?.metrics['errors']?.accepted).toBeGreaterThan(0.5);
  });

  it('is not asked while the flag cannot be written', () => {
    const world = running();
    report(world, 'hard');
    world.lose(0);
    world.answer(0);
    expect(world.state.phase).toBe('reverting');
    expect(asked(world)).toEqual([]);
    world.tick();
    world.settle();
    expect(asked(world)).toHaveLength(1);
  });

  it('is asked at a soft stop at once, shown while it is paused and forgotten when a person has answered', () => {
    const world = running();
    report(world, 'soft');
    expect(asked(world)).toHaveLength(1);
    answer(world);
    expect(told(world).slice(-2)).toEqual(['soft-stop', 'explained']);
    expect(viewOf(world.state, world.now).explanation).toEqual(explanation);
    report(world, 'soft');
    expect(asked(world)).toHaveLength(1);
    world.person('approve');
    expect(world.state.pause).toBeNull();
    expect(viewOf(world.state, world.now)).not.toHaveProperty('explanation');
  });

  it('is asked after the step back where the plan steps back', () => {
    const world = running({ policy: { soft: 'step-back' } });
    report(world, 'hold');
    report(world, 'soft');
    expect(asked(world)).toEqual([]);
    world.settle();
    expect(asked(world)).toHaveLength(1);
  });

  it('is asked of the metric of a limit, and of no expression nor of the baseline', () => {
    const limits = [
      { name: 'ceiling', metric: 'errors', above: '5%' },
      { name: 'parity', expr: 'sum(mismatches)', above: 0 },
      { name: 'load', metric: 'errors', cohort: 'baseline', above: '5%' },
    ];
    const fired = (limit: string, action: 'pause' | 'rollback') => ({
      limits: [{ limit, value: 1, threshold: 0.05, since: 0, fired: true, action }],
      metric: null,
    });
    for (const [name, action, times] of [
      ['ceiling', 'pause', 1],
      ['ceiling', 'rollback', 1],
      ['parity', 'pause', 0],
      ['load', 'pause', 0],
    ] as const) {
      const world = running({ limits });
      report(world, 'hold', fired(name, action));
      world.settle();
      expect(asked(world)).toHaveLength(times);
    }
  });

  it('is asked of a gauge as well, which tells that it has values', () => {
    const plan = planOf({
      ...QUIET,
      metrics: [{ name: 'memory', kind: 'gauge', gauge: 'bytes', soft: '+20%', weight: 1 }],
    });
    const world = new World(plan);
    world.event({ kind: 'begin' });
    world.settle();
    let evidence = openEvidence(plan);
    for (let t = 15; t <= 600; t += 15) {
      const cohort = (memory: number) => ({ requests: 0, ratios: {}, histograms: {}, gauges: { memory } });
      const sample: Sample = {
        stage: '1%',
        t,
        baseline: cohort(100 + (t % 4)),
        canary: cohort(200 + (t % 7)),
      };
      const reading = { kind: 'sample' as const, sample, expressions: {}, queries: [] };
      evidence = observe(evidence, plan, reading, { stageIndex: 0 });
    }
    const since = world.state.stageSince ?? 0;
    world.report(assessment('soft', { metric: 'memory' }), {
      memory: { evidence, since, cursor: 600, cleanSince: null },
    });
    world.settle();
    expect(asked(world).map(({ request }) => request.inquiry)).toMatchObject([
      { metric: 'memory', values: true, to: 600 },
    ]);
  });

  it('says so in a note when it could not be found out, and tells nobody else', () => {
    const world = running({ notify: [{ channel: 'pager', events: ['paused'] }] });
    report(world, 'soft');
    const [command] = asked(world);
    world.event({ kind: 'unexplained', of: command?.request.of ?? -1, detail: 'Prometheus does not answer' });
    expect(world.journal.at(-1)).toMatchObject({
      transition: 'note',
      summary: 'Not explained: Prometheus does not answer.',
    });
    expect(messages(world).map(({ event }) => event)).toEqual(['soft-stop']);
    expect(viewOf(world.state, world.now)).not.toHaveProperty('explanation');
  });

  it('drops the answer to a question that a newer stop has replaced', () => {
    const world = running();
    report(world, 'soft');
    const first = asked(world)[0]?.request.of ?? -1;
    report(world, 'hard');
    world.settle();
    expect(asked(world)).toHaveLength(2);
    answer(world, first);
    expect(told(world)).not.toContain('explained');
    answer(world);
    expect(told(world).filter((transition) => transition === 'explained')).toHaveLength(1);
  });

  it('never stands in the way of a stop, whatever the evidence is like', () => {
    const world = running();
    const broken = {
      ...memory(world.state.plan, 0),
      evidence: { metrics: { errors: {} } },
    } as unknown as GateMemory;
    world.report(assessment('hard', { metric: 'errors' }), { memory: broken });
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
    expect(asked(world)).toEqual([]);
  });
});
