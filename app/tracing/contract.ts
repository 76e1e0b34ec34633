import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { FastifyInstance } from 'fastify';
import type { FlagProvider } from '../../flags/provider.ts';

/** Traces of this process: where each of its parts is told what it does for whom. */
export interface Tracing {
  /** Each request to the API that changes something. */
  requests(app: FastifyInstance): void;
  client: WorkflowClientInterceptor;
  activities: ActivityInterceptorsFactory;
  flags(provider: FlagProvider): FlagProvider;
  /** Something that begins by itself: a trace of its own. */
  alone<T>(name: string, attributes: Record<string, string>, work: () => Promise<T>): Promise<T>;
  /** Sends what is left. */
  stop(): Promise<void>;
}

/** Told when traces cannot be sent. */
export interface TracingLog {
  warn(details: object, text: string): void;
}
