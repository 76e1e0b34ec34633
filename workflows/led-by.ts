import {
  AsyncLocalStorage,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptorsFactory,
  type WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import { LINK_HEADER, PARENT_HEADER } from './headers.ts';

type Headers = Parameters<NonNullable<WorkflowInboundCallsInterceptor['handleSignal']>>[0]['headers'];
type Payload = Headers[string];

interface Led {
  header: typeof PARENT_HEADER | typeof LINK_HEADER;
  by: Payload;
}

const current = new AsyncLocalStorage<Led | undefined>();

/** What comes of `work` comes by itself, in hours or weeks: it is linked to what led here, and no part of its trace. */
export function apart<T>(work: () => T): T {
  const led = current.getStore();
  return current.run(led === undefined ? undefined : { ...led, header: LINK_HEADER }, work);
}

/**
 * Carries the trace context of a start, an update or a signal to the activities that come of it. It is passed on as it came: the
 * workflow neither reads it nor makes spans, so that a replay is the same with and without it.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  const inbound: WorkflowInboundCallsInterceptor = {
    execute: (input, next) => current.run(ledBy(input.headers), () => next(input)),
    handleUpdate: (input, next) => current.run(ledBy(input.headers), () => next(input)),
    handleSignal: (input, next) => current.run(ledBy(input.headers), () => next(input)),
  };
  const outbound: WorkflowOutboundCallsInterceptor = {
    scheduleActivity: (input, next) => next({ ...input, headers: carrying(input.headers) }),
    startChildWorkflowExecution: (input, next) => next({ ...input, headers: carrying(input.headers) }),
    continueAsNew: (input, next) => next({ ...input, headers: carrying(input.headers) }),
  };
  return { inbound: [inbound], outbound: [outbound] };
};

function ledBy(headers: Headers): Led | undefined {
  for (const header of [PARENT_HEADER, LINK_HEADER] as const) {
    const by = headers[header];
    if (by !== undefined) return { header, by };
  }
  return undefined;
}

function carrying(headers: Headers): Headers {
  const led = current.getStore();
  return led === undefined ? headers : { ...headers, [led.header]: led.by };
}
