import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  createContextKey,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

export interface SpanStart {
  name: string;
  kind: SpanKind;
  attributes: Attributes;
}

/** Spans of this process. What is under way is kept here and not in OpenTelemetry's globals, which belong to applications. */
export interface Spans {
  current(): Context;
  /** Runs `work` as part of what `on` stands for. */
  enter<T>(on: Context, work: () => T): T;
  begin(start: SpanStart, on?: Context): Context;
  /** A span around `work`; its rejection is the span's error. */
  within<T>(start: SpanStart, work: (span: Span) => Promise<T>): Promise<T>;
  carrier(): Record<string, string>;
  read(carrier: Record<string, unknown>): Context;
}

const LED_BY = createContextKey('what once led here');
const STAGE = createContextKey('the stage of the rollout');
const propagator = new W3CTraceContextPropagator();
const setter = {
  set: (carrier: Record<string, string>, key: string, value: string) => {
    carrier[key] = value;
  },
};
const getter: TextMapGetter<Record<string, unknown>> = {
  keys: Object.keys,
  get: (carrier, key) => {
    const value = carrier[key];
    return typeof value === 'string' ? value : undefined;
  },
};

export function createSpans(tracer: Tracer): Spans {
  const store = new AsyncLocalStorage<Context>();
  const current = () => store.getStore() ?? ROOT_CONTEXT;
  const begin: Spans['begin'] = (start, on = current()) =>
    trace.setSpan(on, tracer.startSpan(start.name, { ...start, links: linksOf(on) }, on));
  return {
    current,
    enter: (on, work) => store.run(on, work),
    begin,
    async within(start, work) {
      const on = begin(start);
      const span = trace.getSpan(on) as Span;
      try {
        return await store.run(on, () => work(span));
      } catch (error) {
        span.recordException(error instanceof Error ? error : String(error));
        span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : '' });
        throw error;
      } finally {
        span.end();
      }
    },
    carrier() {
      const carrier: Record<string, string> = {};
      propagator.inject(current(), carrier, setter);
      return carrier;
    },
    read: (carrier) => propagator.extract(ROOT_CONTEXT, carrier, getter),
  };
}

/** For what begins by itself although something once led to it: its trace is its own and has a link. */
export function ledBy(link: Context): Context {
  const of = trace.getSpanContext(link);
  return of === undefined ? ROOT_CONTEXT : ROOT_CONTEXT.setValue(LED_BY, of);
}

/** What happens there happens in a stage of a rollout. */
export function inStage(on: Context, stage: string | null): Context {
  return stage === null ? on : on.setValue(STAGE, stage);
}

export function stageOf(on: Context): string | null {
  return (on.getValue(STAGE) as string | undefined) ?? null;
}

function linksOf(on: Context): Link[] {
  const of = on.getValue(LED_BY) as Link['context'] | undefined;
  // Spans within such a trace need no link of their own.
  return of === undefined || trace.getSpan(on) !== undefined ? [] : [{ context: of }];
}
