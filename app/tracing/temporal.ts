import { type Context, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityInterceptorsFactory, Headers } from '@temporalio/worker';
import type { GateRequest, WriteRequest } from '../../rollout/command.ts';
import { LINK_HEADER, PARENT_HEADER } from '../../workflows/headers.ts';
import { aboutFlag } from './flag-writes.ts';
import { inStage, ledBy, type Spans } from './spans.ts';

/** Activities that act on a flag because somebody asked, or because a rollout decided. */
const TRACED: readonly string[] = ['claimFlag', 'writeFlag', 'releaseFlag'];

/** A span for each message to a workflow, whose context goes with it. */
export function clientInterceptor(spans: Spans): WorkflowClientInterceptor {
  const send = <I extends { headers: Headers }, R>(
    name: string,
    { workflowId, input, next }: { workflowId: string; input: I; next: (input: I) => Promise<R> },
  ): Promise<R> =>
    spans.within({ name, kind: SpanKind.CLIENT, attributes: { temporalWorkflowId: workflowId } }, () => {
      const carried = { [PARENT_HEADER]: defaultPayloadConverter.toPayload(spans.carrier()) };
      return next({ ...input, headers: { ...input.headers, ...carried } });
    });
  return {
    startWithDetails: (input, next) =>
      send(`StartWorkflow:${input.workflowType}`, { workflowId: input.options.workflowId, input, next }),
    startUpdate: (input, next) => {
      const { workflowId } = input.workflowExecution;
      return send(`StartWorkflowUpdate:${input.updateName}`, { workflowId: workflowId ?? '', input, next });
    },
    signal: (input, next) => {
      const { workflowId } = input.workflowExecution;
      return send(`SignalWorkflow:${input.signalName}`, { workflowId: workflowId ?? '', input, next });
    },
  };
}

/** A span for each activity that acts on a flag. The others only hand on what led to them. */
export function activityInterceptors(spans: Spans): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      execute: (input, next) => {
        const request = (input.args[0] ?? {}) as Partial<WriteRequest> | GateRequest;
        const stage = 'plan' in request ? request.plan.stages[request.stage]?.name : request.stage;
        const on = inStage(leadOf(input.headers, spans), stage ?? null);
        if ('plan' in request || !TRACED.includes(info.activityType))
          return spans.enter(on, () => next(input));
        const start = {
          name: `RunActivity:${info.activityType}`,
          kind: SpanKind.INTERNAL,
          attributes: {
            temporalWorkflowId: info.workflowExecution?.workflowId ?? '',
            temporalRunId: info.workflowExecution?.runId ?? '',
            temporalActivityId: info.activityId,
            'temporal.attempt': info.attempt,
            ...aboutFlag({ ...request, stage: stage ?? null }),
          },
        };
        return spans.enter(on, () => spans.within(start, () => next(input)));
      },
    },
  });
}

function leadOf(headers: Headers, spans: Spans): Context {
  const parent = headers[PARENT_HEADER];
  if (parent !== undefined) return spans.read(defaultPayloadConverter.fromPayload(parent));
  const link = headers[LINK_HEADER];
  return link === undefined ? ROOT_CONTEXT : ledBy(spans.read(defaultPayloadConverter.fromPayload(link)));
}
