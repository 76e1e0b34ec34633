import {
  type Client,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { FAILURES, Failure, type FailureCode } from '../plans/failures.ts';
import type { RolloutEngine } from '../server/engine.ts';
import type { RolloutStore } from '../store/store.ts';
import type { rollout } from '../workflows/index.ts';
import {
  actUpdate,
  alertSignal,
  amendUpdate,
  drillUpdate,
  killedSignal,
  stepUpdate,
  toldUpdate,
  viewQuery,
  WORKFLOW,
  workflowId,
} from '../workflows/messages.ts';
import { stepsId } from '../workflows/steps-id.ts';

export interface EngineParts {
  client: Client;
  taskQueue: string;
  rollouts: RolloutStore;
  /** For messages: host and port of Temporal. */
  where: string;
  /** History events after which a rollout goes on in a new run. */
  historyLimit?: number;
}

/** How long Temporal, and a worker behind it, may take to answer, in milliseconds. */
const ANSWER_WITHIN = 10_000;
const START_WITHIN = 5_000;
const VIEW_WITHIN = 1_000;
/** A rollout that was stopped closes once it is explained. */
const CLOSE_WITHIN = 12_000;
const HISTORY_LIMIT = 2_000;

/** The durable side of rollouts on Temporal: one workflow per flag and environment. */
export function createTemporalEngine(parts: EngineParts): RolloutEngine {
  const { client, taskQueue, rollouts } = parts;

  async function handleOf(id: string) {
    const row = await rollouts.get(id);
    if (row === null) throw new Failure('ROLLOUT_UNKNOWN', `There is no rollout ${id}.`);
    return client.workflow.getHandle(workflowId(row.environment, row.flag));
  }

  async function ask<T>(id: string, work: () => Promise<T>, withinMs = ANSWER_WITHIN): Promise<T> {
    try {
      return await client.withDeadline(Date.now() + withinMs, work);
    } catch (error) {
      throw asFailure(error, id, parts.where);
    }
  }

  /** False: Temporal still runs a rollout of this flag. */
  async function begun({
    id,
    plan,
    submittedBy,
    origin,
    carried,
    notes = [],
  }: Parameters<RolloutEngine['start']>[0]): Promise<boolean> {
    try {
      await client.workflow.start<typeof rollout>(WORKFLOW, {
        workflowId: workflowId(plan.environment, plan.flag.key),
        taskQueue,
        args: [
          {
            kind: 'start',
            id,
            plan,
            submittedBy,
            ...(origin === undefined ? {} : { origin }),
            ...(carried === undefined ? {} : { carried }),
            historyLimit: parts.historyLimit ?? HISTORY_LIMIT,
            ...(notes.length === 0 ? {} : { notes }),
          },
        ],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        memo: { rollout: id },
      });
      return true;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
  }

  return {
    start: async (request) => {
      const { id, plan } = request;
      if (await ask(id, () => begun(request), START_WITHIN)) return;
      // The store knows no active rollout: the last one has ended and still waits for why it was stopped.
      const last = client.workflow.getHandle(workflowId(plan.environment, plan.flag.key));
      await ask(id, () => last.result(), CLOSE_WITHIN);
      if (!(await ask(id, () => begun(request), START_WITHIN)))
        throw new Failure('ROLLOUT_ACTIVE', 'Temporal still runs a rollout of this flag.');
    },
    act: async (
      id,
      action,
      {
        by,
        roles,
        through,
        reason,
        accept,
        breakGlass,
        lower,
        confirm,
        progressive,
        every,
        who,
        seen,
        requestId,
      },
    ) => {
      const handle = await handleOf(id);
      const message = {
        action,
        by,
        roles,
        reason,
        accept,
        breakGlass,
        ...(confirm === undefined ? {} : { confirm }),
        ...(lower === true ? { lower } : {}),
        ...(progressive === undefined ? {} : { progressive }),
        ...(every === undefined ? {} : { every }),
        ...(who === undefined ? {} : { who }),
        ...(through === undefined ? {} : { through }),
        ...(seen === undefined ? {} : { seen }),
      };
      return ask(id, () =>
        handle.executeUpdate(actUpdate, { args: [{ rolloutId: id, message }], ...updateId(requestId) }),
      );
    },
    amend: async (id, { plan, text, actor, reason, seen, requestId }) => {
      const handle = await handleOf(id);
      const message = { plan, text, reason, ...actor, ...(seen === undefined ? {} : { seen }) };
      return ask(id, () =>
        handle.executeUpdate(amendUpdate, { args: [{ rolloutId: id, message }], ...updateId(requestId) }),
      );
    },
    view: async (id) => {
      const handle = await handleOf(id);
      const view = await ask(id, () => handle.query(viewQuery), VIEW_WITHIN);
      // The next rollout of the flag has the same workflow id.
      if (view.id !== id) throw new Failure('ROLLOUT_OVER', `${id} is over.`);
      return view;
    },
    tell: async (id, { actor, ...told }) => {
      const handle = await handleOf(id);
      return ask(id, () =>
        handle.executeUpdate(toldUpdate, { args: [{ rolloutId: id, message: { ...told, ...actor } }] }),
      );
    },
    drill: async (id, { actor, ...order }) => {
      const handle = await handleOf(id);
      return ask(id, () =>
        handle.executeUpdate(drillUpdate, { args: [{ rolloutId: id, message: { ...order, ...actor } }] }),
      );
    },
    stepDone: async (id, { step, reason, actor, requestId }) => {
      const handle = client.workflow.getHandle(stepsId(id));
      const message = { step, reason, ...actor };
      const end = Date.now() + START_WITHIN;
      for (;;) {
        try {
          return await ask(id, () =>
            handle.executeUpdate(stepUpdate, {
              args: [{ rolloutId: id, message }],
              ...updateId(requestId),
            }),
          );
        } catch (error) {
          // Confirmed a moment ago: what keeps the steps is only being started.
          const starting = error instanceof Failure && error.code === 'ROLLOUT_OVER' && Date.now() < end;
          if (!starting) throw error;
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
    },
    killed: async (id, { by, reason }) => {
      const handle = await handleOf(id);
      await ask(id, () => handle.signal(killedSignal, { rolloutId: id, message: { by, reason } }), 2_000);
    },
    alert: async (id, message) => {
      const handle = await handleOf(id);
      await ask(id, () => handle.signal(alertSignal, { rolloutId: id, message }));
    },
    ping: () =>
      ask(
        '',
        async () => {
          await client.workflowService.getSystemInfo({});
        },
        2_000,
      ),
  };
}

/** Temporal carries out one update of an id, however often it is sent. */
function updateId(requestId: string | undefined): { updateId?: string } {
  return requestId === undefined ? {} : { updateId: requestId };
}

function isCode(type: string | null | undefined): type is FailureCode {
  return typeof type === 'string' && type in FAILURES;
}

function asFailure(error: unknown, id: string, where: string): unknown {
  if (error instanceof WorkflowNotFoundError)
    return new Failure('ROLLOUT_OVER', `${id} is over.`, { cause: error });
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    if (cause instanceof ApplicationFailure && isCode(cause.type))
      return new Failure(cause.type, cause.message, { cause });
    return new Failure('INTERNAL', cause?.message ?? error.message, { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new Failure(
      'TEMPORAL_UNREACHABLE',
      'No worker has answered: the request may still be carried out.',
      { where, cause: error },
    );
  }
  if (isGrpcServiceError(error) || (error instanceof Error && isGrpcServiceError(error.cause))) {
    return new Failure('TEMPORAL_UNREACHABLE', `Temporal does not answer at ${where}.`, {
      where,
      cause: error,
    });
  }
  return error;
}
