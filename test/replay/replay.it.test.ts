import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Client,
  Connection,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Evidence } from '../../analysis/evidence.ts';
import { openEvidence } from '../../analysis/gate.ts';
import { type RunningTemporal, startTemporal } from '../../app/embedded/temporal.ts';
import type { Origin } from '../../plans/origin.ts';
import { Plan } from '../../plans/plan.ts';
import type { RolloutView } from '../../plans/view.ts';
import {
  actUpdate,
  killedSignal,
  stepUpdate,
  toldUpdate,
  viewQuery,
  WORKFLOW,
} from '../../workflows/messages.ts';
import { stepsId } from '../../workflows/steps-id.ts';
import { verificationId } from '../../workflows/verification.ts';
import { parts } from '../fixtures/parts.ts';
import { workflowCode } from '../fixtures/workflow-code.ts';
import { type Script, scripted } from './scripted.ts';

const SAVED = fileURLToPath(new URL('../histories/', import.meta.url));
const METRIC = { name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp', weight: 1 };
const STAGES = [
  { name: '1%', percent: 1 },
  { name: '5%', percent: 5, approval: { roles: ['on-call'] } },
  { name: '100%', percent: 100 },
];
const plan = Plan.parse({ metadata: { name: 'p' }, flag: { key: 'p' }, metrics: [METRIC], stages: STAGES });

/** Whose tenants are taken off by themselves. */
const severing = Plan.parse({
  metadata: { name: 'p' },
  flag: { key: 'p' },
  metrics: [METRIC],
  stages: STAGES.slice(0, 1).concat({ name: '100%', percent: 100 }),
  // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
  coverage: [{ slice: 'tenant=acme', then: 'exclude' }],
});

/** Of a rollout that goes with another one. */
const requiring = Plan.parse({
  metadata: { name: 'p' },
  flag: { key: 'p' },
  metrics: [METRIC],
  stages: STAGES,
  // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
  requires: [{ rollout: 'q', reached: '25%', then: 'rollback' }],
});

/** Of flags that others move. */
const BASE = { metadata: { name: 'p' }, mode: 'observe', metrics: [METRIC], stages: STAGES };
const watching = Plan.parse({ ...BASE, flag: { key: 'p' } });
const toldPlan = Plan.parse({ ...BASE, flag: { key: 'p', provider: 'told' } });

let temporal: RunningTemporal;
let dir: string;
let client: Client;
let native: NativeConnection;
let bundle: WorkflowBundle;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-replay-'));
  temporal = await startTemporal({
    binary: parts().temporal,
    dbFile: join(dir, 'temporal.db'),
    log: () => undefined,
  });
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  native = await NativeConnection.connect({ address: temporal.address });
  bundle = await workflowCode();
}, 120_000);

afterAll(async () => {
  await client.connection.close();
  await native.close();
  await temporal.stop();
  await rm(dir, { recursive: true, force: true });
});

type Handle = ReturnType<typeof client.workflow.getHandle>;

/** Runs one rollout on a worker of its own; `act` is what people do meanwhile. */
async function rollout(
  name: string,
  script: Script,
  act: (handle: Handle) => Promise<void>,
  {
    historyLimit = 2_000,
    of = plan,
    origin,
    carried,
  }: { historyLimit?: number; of?: Plan; origin?: Origin | undefined; carried?: Evidence } = {},
) {
  const { activities, seqs, afterwords, watched } = scripted(script);
  const worker = await Worker.create({
    connection: native,
    taskQueue: name,
    workflowBundle: bundle,
    activities,
  });
  return worker.runUntil(async () => {
    const handle = await client.workflow.start(WORKFLOW, {
      workflowId: name,
      taskQueue: name,
      args: [
        {
          kind: 'start',
          id: name,
          plan: of,
          submittedBy: { by: 'sam', roles: [] },
          historyLimit,
          ...(origin === undefined ? {} : { origin }),
          ...(carried === undefined ? {} : { carried }),
        },
      ],
    });
    const first = handle.firstExecutionRunId;
    await act(handle);
    const view = (await handle.result()) as RolloutView;
    const { runId } = await client.workflow.getHandle(name).describe();
    return {
      view,
      seqs,
      afterwords,
      watched,
      continued: runId !== first,
      history: await client.workflow.getHandle(name, runId).fetchHistory(),
    };
  });
}

type Action = 'approve' | 'pause' | 'resume' | 'step-back' | 'rollback' | 'end' | 'supersede';

/** Temporal turns a message away that arrives while one run gives way to the next. */
async function insist<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw error;
    return insist(work);
  }
}

/** What is told may be told again. */
function tell(handle: Handle, name: string, sequence: number, percent: number) {
  const message = { by: 'ci', roles: [], sequence, percent, segments: null, mover: 'ada', at: null };
  return insist(() => handle.executeUpdate(toldUpdate, { args: [{ rolloutId: name, message }] }));
}

async function update(handle: Handle, name: string, action: Action, by = 'kim'): Promise<void> {
  await handle.executeUpdate(actUpdate, { args: [{ rolloutId: name, message: decision(action, by) }] });
}

function decision(action: Action, by: string) {
  return { action, by, roles: ['on-call'], reason: 'r', accept: null, breakGlass: false };
}

async function waitsFor(handle: Handle, kind: string): Promise<void> {
  await expect
    .poll(async () => (await handle.query(viewQuery)).blockers.map((blocker) => blocker.kind), {
      timeout: 20_000,
      interval: 50,
    })
    .toContain(kind);
}

/** Its pause has been explained. */
async function explained(handle: Handle): Promise<void> {
  await expect
    .poll(async () => (await handle.query(viewQuery)).explanation?.sentence, {
      timeout: 20_000,
      interval: 50,
    })
    .toBe('because');
}

const approved = (name: string) => async (handle: Handle) => {
  await waitsFor(handle, 'approval');
  await update(handle, name, 'approve');
};

/** It says what it would have done. */
async function wouldHave(handle: Handle, transition: string): Promise<void> {
  await expect
    .poll(async () => (await handle.query(viewQuery)).watching?.would?.transition, {
      timeout: 20_000,
      interval: 50,
    })
    .toBe(transition);
}

const STORIES: Record<
  string,
  { script: Script; act: (handle: Handle) => Promise<void>; phase: string; of?: Plan; origin?: Origin }
> = {
  watched: {
    of: watching,
    script: { '1%': ['pass', 'soft'] },
    act: async (handle) => {
      await wouldHave(handle, 'would-pause');
      await update(handle, 'watched', 'end');
    },
    phase: 'completed',
  },
  told: {
    of: toldPlan,
    script: { '1%': ['hold'], '5%': ['hard'] },
    act: async (handle) => {
      await tell(handle, 'told', 1, 1);
      await tell(handle, 'told', 2, 5);
      await wouldHave(handle, 'would-stop');
      await tell(handle, 'told', 3, 0);
    },
    phase: 'completed',
  },
  required: { of: requiring, script: { '5%': ['hold'] }, act: async () => undefined, phase: 'rolled-back' },
  severed: {
    of: severing,
    script: { '1%': ['severed', 'pass'] },
    act: async (handle) => {
      const off = async () => (await handle.query(viewQuery)).exposure;
      await expect
        .poll(off, { timeout: 20_000, interval: 50 })
        .toMatchObject({ percent: 100, without: ['tenant=acme'] });
    },
    phase: 'completed',
  },
  completed: { script: {}, act: approved('completed'), phase: 'completed' },
  'hard-stop': { script: { '5%': ['hold', 'hard'] }, act: async () => undefined, phase: 'rolled-back' },
  'soft-stop-accepted': {
    script: { '1%': ['soft', 'pass'] },
    act: async (handle) => {
      await waitsFor(handle, 'paused');
      await update(handle, 'soft-stop-accepted', 'approve');
      await approved('soft-stop-accepted')(handle);
    },
    phase: 'completed',
  },
  explained: {
    script: { '1%': ['soft', 'pass'], '5%': ['hold', 'hard'] },
    act: async (handle) => {
      await waitsFor(handle, 'paused');
      await explained(handle);
      await update(handle, 'explained', 'approve');
    },
    phase: 'rolled-back',
  },
  'retried-and-superseded': {
    origin: { kind: 'retry', of: 'p-1', stage: '5%', cause: 'errors', reason: 'mended', changes: [] },
    script: { '5%': ['hold'] },
    act: async (handle) => {
      await expect.poll(async () => (await handle.query(viewQuery)).stage, { timeout: 20_000 }).toBe('5%');
      await update(handle, 'retried-and-superseded', 'supersede');
    },
    phase: 'superseded',
  },
  'paused-and-killed': {
    script: { '5%': ['hold'] },
    act: async (handle) => {
      await expect.poll(async () => (await handle.query(viewQuery)).stage, { timeout: 20_000 }).toBe('5%');
      await update(handle, 'paused-and-killed', 'pause');
      await update(handle, 'paused-and-killed', 'resume');
      await handle.signal(killedSignal, {
        rolloutId: 'paused-and-killed',
        message: { by: 'kim', reason: 'test' },
      });
    },
    phase: 'rolled-back',
  },
};

describe('the workflow of a rollout', () => {
  for (const [name, { script, act, phase, of = plan, origin }] of Object.entries(STORIES)) {
    it(`replays the history that it has just made: ${name}`, async () => {
      const { view, seqs, history, afterwords } = await rollout(name, script, act, { of, origin });
      expect(view.phase).toBe(phase);
      expect(afterwords.map(({ rolloutId }) => rolloutId)).toEqual(origin === undefined ? [] : [origin.of]);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
      await Worker.runReplayHistory({ workflowBundle: bundle }, history, name);
      if (process.env.TIDEGATE_SAVE_HISTORIES !== undefined)
        await writeFile(join(SAVED, `${name}.json`), withoutPlaces(historyToJSON(history)));
    });
  }

  it('hands what was left against its build to its first gate', async () => {
    const { metrics, ...rest } = openEvidence(plan);
    const { errors } = metrics;
    if (errors === undefined) throw new Error('no metric');
    const seen = { ...errors, process: { ...errors.process, clock: 240 } };
    const carried = { ...rest, metrics: { errors: seen } };
    const { watched, view, history } = await rollout(
      'left',
      { '1%': ['hold'] },
      async (handle) => {
        await expect.poll(async () => (await handle.query(viewQuery)).stage, { timeout: 20_000 }).toBe('1%');
        await update(handle, 'left', 'pause');
        await update(handle, 'left', 'rollback');
      },
      { carried, historyLimit: 12 },
    );
    expect(view.phase).toBe('rolled-back');
    expect(watched[0]?.memory?.evidence).toEqual(carried);
    await Worker.runReplayHistory({ workflowBundle: bundle }, history, 'left');
  });

  it('ends once it is known why it was stopped', async () => {
    const { view } = await rollout('why', { '1%': ['hard'] }, async () => undefined);
    expect(view).toMatchObject({ phase: 'rolled-back', explanation: { sentence: 'because' } });
  });

  it('verifies a rollback apart, so that the flag is free, and nothing where there is nothing to verify', async () => {
    const { view, history, seqs } = await rollout('back', { '1%': ['hard'] }, async () => {
      await expect
        .poll(
          () =>
            client.workflow
              .getHandle(verificationId('back'))
              .describe()
              .then(({ status }) => status.name)
              .catch(() => null),
          { timeout: 20_000, interval: 50 },
        )
        .toBe('COMPLETED');
    });
    expect(seqs.at(-1)).toBe(view.seq + 1);
    await Worker.runReplayHistory({ workflowBundle: bundle }, history, 'back');
    const apart = await client.workflow.getHandle(verificationId('back')).fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: bundle }, apart, verificationId('back'));
    if (process.env.TIDEGATE_SAVE_HISTORIES !== undefined)
      await writeFile(join(SAVED, 'verified-apart.json'), withoutPlaces(historyToJSON(apart)));
    await expect(client.workflow.getHandle(verificationId('completed')).describe()).rejects.toBeInstanceOf(
      WorkflowNotFoundError,
    );
  });

  it('keeps the steps behind a confirmed point of no return apart, until a person has done each of them', async () => {
    const steps = [{ name: 'tables', kind: 'data', due: '2026-01-01' }];
    const last = { name: 'decommission', decommission: { cleanFor: '1s', steps } };
    const stages = [{ name: '100%', percent: 100 }, last];
    const of = Plan.parse({ metadata: { name: 'p' }, flag: { key: 'p' }, metrics: [METRIC], stages });
    const { view, history, seqs } = await rollout(
      'confirmed',
      {},
      async (handle) => {
        const asked = async () =>
          (await handle.query(viewQuery)).blockers.some(({ kind }) => kind === 'point-of-no-return');
        await expect.poll(asked, { timeout: 20_000, interval: 50 }).toBe(true);
        const who = { by: 'kim', roles: [], reason: null, accept: null, breakGlass: false };
        const confirm = (name: string) =>
          handle.executeUpdate(actUpdate, {
            args: [{ rolloutId: 'confirmed', message: { action: 'confirm', ...who, confirm: name } }],
          });
        await expect(confirm('q')).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
        await confirm('p');
        const apart = client.workflow.getHandle(stepsId('confirmed'));
        const message = { step: 'tables', by: 'kim', roles: [], reason: 'dropped' };
        const done = () =>
          apart
            .executeUpdate(stepUpdate, { args: [{ rolloutId: 'confirmed', message }] })
            .then(({ summary }) => summary)
            .catch(() => null);
        await expect.poll(done, { timeout: 20_000, interval: 100 }).toContain('kim has done the step tables');
        await apart.result();
      },
      { of },
    );
    expect(view).toMatchObject({ phase: 'completed', steps: [{ name: 'tables', done: null }] });
    // The reminder of a day that is long over, the step, and the end of all.
    expect(seqs.filter((seq) => seq > view.seq).length).toBeGreaterThanOrEqual(2);
    await Worker.runReplayHistory({ workflowBundle: bundle }, history, 'confirmed');
    const apart = await client.workflow.getHandle(stepsId('confirmed')).fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: bundle }, apart, stepsId('confirmed'));
  });

  it('replays the histories of earlier versions', async () => {
    const files = (await readdir(SAVED)).filter((file) => file.endsWith('.json'));
    expect(files.length).toBeGreaterThanOrEqual(Object.keys(STORIES).length);
    for (const file of files)
      await Worker.runReplayHistory(
        { workflowBundle: bundle },
        JSON.parse(await readFile(join(SAVED, file), 'utf8')),
        file.replace('.json', ''),
      );
  });

  it('does not replay a history in which another step was taken', async () => {
    const text = await readFile(join(SAVED, 'completed.json'), 'utf8');
    const altered = JSON.parse(text.replaceAll('"watchGate"', '"somethingElse"'));
    await expect(
      Worker.runReplayHistory({ workflowBundle: bundle }, altered, 'completed'),
    ).rejects.toBeInstanceOf(DeterminismViolationError);
  });

  it('goes on in a new run when its history grows long, with the journal numbered on', async () => {
    const name = 'long';
    const { view, seqs, continued } = await rollout(name, {}, approved(name), { historyLimit: 20 });
    expect(continued).toBe(true);
    expect(view.phase).toBe('completed');
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  });

  it('goes on in a new run while it is told, with what was told, and refuses what is older', async () => {
    const name = 'told-long';
    const { view, seqs, continued } = await rollout(
      name,
      { '1%': ['hold'], '5%': ['hold'] },
      async () => {
        const current = client.workflow.getHandle(name);
        for (let sequence = 1; sequence <= 8; sequence += 1)
          await tell(current, name, sequence, sequence % 2 === 0 ? 5 : 1);
        const same = await tell(current, name, 8, 5);
        expect(same.summary).toContain('Nothing changes');
        const refused = await tell(current, name, 7, 1).catch((reason: unknown) => reason);
        expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
        await insist(() => update(current, name, 'end'));
      },
      { historyLimit: 20, of: toldPlan },
    );
    expect(continued).toBe(true);
    expect(view).toMatchObject({ phase: 'completed', watching: { told: { sequence: 8 } } });
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  });

  it('is one per flag: of twenty starts at once exactly one succeeds', async () => {
    const start = () =>
      client.workflow.start(WORKFLOW, {
        workflowId: 'rollout:demo:one',
        taskQueue: 'nobody',
        args: [
          { kind: 'start', id: 'one-1', plan, submittedBy: { by: 'sam', roles: [] }, historyLimit: 100 },
        ],
      });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, start));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    await client.workflow.getHandle('rollout:demo:one').terminate();
  });

  it('refuses people before anything is written: the submitter, who comes too early, who means another rollout', async () => {
    const name = 'refusals';
    await rollout(name, {}, async (handle) => {
      await waitsFor(handle, 'approval');
      expect(await code(update(handle, name, 'approve', 'sam'))).toBe('OWN_ROLLOUT');
      expect(await code(update(handle, name, 'resume'))).toBe('NOT_WAITING');
      expect(await code(update(handle, 'another', 'approve'))).toBe('ROLLOUT_OVER');
      await update(handle, name, 'rollback');
    });
  });

  it('counts one of two approvals at once, and tells the other that nothing waits any more', async () => {
    const name = 'two-approvals';
    const { view, seqs, history } = await rollout(name, {}, async (handle) => {
      await waitsFor(handle, 'approval');
      const both = ['kim', 'lea'].map((by) => update(handle, name, 'approve', by));
      const ends = (await Promise.allSettled(both)).map(({ status }) => status);
      expect(ends.toSorted()).toEqual(['fulfilled', 'rejected']);
      // The rollout may have reached its end before the later one is looked at.
      const refusal = await code(both[ends.indexOf('rejected')] ?? handle.result());
      expect(['NOT_WAITING', 'ROLLOUT_OVER']).toContain(refusal);
    });
    expect(view.phase).toBe('completed');
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    expect(
      JSON.stringify(historyToJSON(history)).match(/EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED/g),
    ).toHaveLength(1);
  });

  it('refuses an approval of what has just been rolled back, and changes nothing by it', async () => {
    const name = 'too-late';
    const { view, seqs } = await rollout(name, { '1%': ['soft'] }, async (handle) => {
      await waitsFor(handle, 'paused');
      const back = await handle.startUpdate(actUpdate, {
        args: [{ rolloutId: name, message: decision('rollback', 'kim') }],
        waitForStage: 'ACCEPTED',
      });
      const refusal = await code(update(handle, name, 'approve', 'lea'));
      expect(['HARD_STOP', 'ROLLOUT_OVER']).toContain(refusal);
      await back.result();
    });
    expect(view).toMatchObject({ phase: 'rolled-back', exposure: { percent: 0 } });
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  });
});

/** The code with which a rollout answers a person; one that has ended is not there to answer. */
async function code(work: Promise<unknown>): Promise<string | null | undefined> {
  const error = await work.then(() => null).catch((reason: unknown) => reason);
  if (error instanceof WorkflowNotFoundError) return 'ROLLOUT_OVER';
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  return error instanceof WorkflowUpdateFailedError && error.cause !== undefined && 'type' in error.cause
    ? (error.cause.type as string)
    : null;
}

/** Histories name the machine and the process that made them; those are nobody's business. */
function withoutPlaces(json: string): string {
  const scrub = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(scrub);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, key === 'identity' ? 'test' : scrub(child)]),
    );
  };
  return `${JSON.stringify(scrub(JSON.parse(json)))}\n`;
}
