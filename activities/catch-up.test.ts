import { describe, expect, it } from 'vitest';
import { errorsPoll, planOf, randomOf, reading, rejected } from '../analysis/traffic.fixture.ts';
import type { MetricSource } from '../metrics/source.ts';
import type { Reading } from '../plans/sample.ts';
import type { GateRequest } from '../rollout/command.ts';
import type { GateMemory } from '../rollout/event.ts';
import { beginGate, observeWindow } from '../rollout/watching.ts';
import { handedOver } from './catch-up.ts';

const plan = planOf();
const POLL = plan.source.poll;
const START = 1_500_000;

/** A source that answers for a window the same, however often it is asked. */
function source(asked: string[], down = false): MetricSource {
  return {
    settle: 0,
    read: async ({ stage, to }): Promise<Reading> => {
      asked.push(`${stage} ${to}`);
      if (down) return rejected(to - START);
      const sample = errorsPoll(randomOf(to), {
        stage,
        t: to - START,
        requests: 3000,
        share: 0.01,
        baseline: 0.005,
        canary: 0.01,
      });
      return reading(sample);
    },
    history: async () => ({ samples: [] }),
    check: async () => [],
    scalar: async () => null,
    breakdown: () => Promise.reject(new Error('nobody asks')),
  };
}

const request = (stage: number, since: number, memory: GateMemory | null): GateRequest => ({
  id: 1,
  rolloutId: 'r1',
  plan,
  stage,
  origin: START * 1000,
  stageSince: since * 1000,
  memory,
  acceptances: {},
  key: '',
  expected: { revision: 1, exposure: { percent: 1, segments: [], variant: null }, epoch: 1 },
  safe: { percent: 0, segments: [], variant: null },
});

async function watched(polls: number): Promise<GateMemory> {
  const first = request(0, START, null);
  let memory = beginGate(first);
  for (let i = 0; i < polls; i++) {
    const to = memory.cursor + POLL;
    const read = await source([]).read({ plan, stage: '1%', from: memory.cursor, to, origin: START });
    memory = observeWindow(memory, first, { reading: read, to });
  }
  return memory;
}

describe('the gate of a new stage', () => {
  it('knows what was seen while people made up their minds', async () => {
    const passed = await watched(40);
    const asked: string[] = [];
    const next = request(1, START + 100 * POLL, passed);
    const begun = await handedOver(source(asked), next);
    expect(asked).toHaveLength(60);
    expect(asked[0]).toBe(`1% ${START + 41 * POLL}`);
    const whole = beginGate(request(1, START + 100 * POLL, await watched(100)));
    expect(begun).toEqual(whole);
    expect(begun.evidence.metrics['errors']?.process).not.toEqual(
      beginGate(next).evidence.metrics['errors']?.process,
    );
  });

  it('reads the stage that it was in by its name, wherever an amendment has moved it', async () => {
    const asked: string[] = [];
    const [first, ...others] = plan.stages;
    const amended = {
      ...plan,
      stages: [{ ...plan.stages[0], name: '0.5%', percent: 0.5 }, first, ...others] as typeof plan.stages,
    };
    const next = { ...request(2, START + 100 * POLL, await watched(40)), plan: amended };
    expect((await handedOver(source(asked), next)).evidence.stage).toBe('5%');
    expect(asked).toHaveLength(60);
    expect(asked[0]).toBe(`1% ${START + 41 * POLL}`);
    // In its own stage it goes on with what it has counted.
    const same = { ...request(1, START, await watched(40)), plan: amended };
    const begun = await handedOver(source(asked), same);
    const to = begun.cursor + POLL;
    const read = await source([]).read({ plan, stage: '1%', from: begun.cursor, to, origin: START });
    const { evidence } = observeWindow(begun, same, { reading: read, to });
    expect([evidence.stage, evidence.polls.used, evidence.since]).toEqual(['1%', 41, 0]);
  });

  it('begins at once when there was no wait, or nothing before it', async () => {
    const asked: string[] = [];
    await handedOver(source(asked), request(0, START, null));
    await handedOver(source(asked), request(1, START + 40 * POLL, await watched(40)));
    // The same stage goes on from its own memory.
    await handedOver(source(asked), request(0, START, await watched(5)));
    expect(asked).toEqual([]);
  });

  it('looks back an hour at most, and does not wait for a source that is away', async () => {
    const asked: string[] = [];
    await handedOver(source(asked), request(1, START + 5000 * POLL, await watched(40)));
    expect(asked).toHaveLength(240);
    const away: string[] = [];
    await handedOver(source(away, true), request(1, START + 5000 * POLL, await watched(40)));
    expect(away).toHaveLength(1);
  });
});
