import {
  type EvaluationContext,
  type EventHandler,
  OpenFeature,
  ProviderEvents,
} from '@openfeature/server-sdk';
import { register } from 'prom-client';
import { type Assignment, MODE_METADATA, MODES, type Mode } from './assignment.ts';
import type { DispatcherOptions } from './dispatcher-options.ts';
import { type DispatcherParts, servesCanary } from './dispatcher-parts.ts';
import { type AssignmentRules, evaluate, evaluateAnd } from './evaluate.ts';
import { Examples, type MismatchExample } from './examples.ts';
import { CohortMetrics } from './metrics.ts';
import { PathMetrics } from './path-metrics.ts';
import type { Run, SyncRun } from './run.ts';
import { serve } from './serve.ts';
import { serveNow } from './serve-now.ts';
import { Shadows } from './shadows.ts';

/** What an application puts at its choke points. Made once per process by `createDispatcher`. */
export class Dispatcher {
  readonly metrics: CohortMetrics;
  readonly #parts: DispatcherParts;
  readonly #examples: Examples;
  readonly #rules: AssignmentRules;
  readonly #options: DispatcherOptions;
  readonly #count: (assignment: Assignment) => void;
  readonly #forget: EventHandler;
  /** The last change of exposure that each flag was seen with. */
  readonly #revisions = new Map<string, number>();

  constructor(options: DispatcherOptions) {
    const { service, client = OpenFeature.getClient(), registry = register, flags = {} } = options;
    const { audience = () => 'public', tenant = tenantOf, transform = null, drills = false } = options;
    this.#options = options;
    this.#rules = { client, flags, audience, tenant, transform };
    this.metrics = new CohortMetrics({
      registry,
      service,
      ...(options.prefix === undefined ? {} : { prefix: options.prefix }),
      ...(options.buckets === undefined ? {} : { buckets: options.buckets }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
    const pathMetrics = new PathMetrics({
      registry,
      service,
      ...(options.buckets === undefined ? {} : { buckets: options.buckets }),
    });
    const examples = new Examples(options.examples);
    this.#examples = examples;
    this.#parts = {
      client,
      cohorts: this.metrics,
      metrics: pathMetrics,
      shadows: new Shadows({ metrics: pathMetrics, examples }, options.shadow),
      drills: drills === true ? {} : drills === false ? null : drills,
      recorder: options.recorder ?? null,
      random: options.random ?? Math.random,
      shadow: options.shadow ?? {},
      mode: (assignment) => this.#mode(assignment),
      variants: (flag) => {
        const { baseline = 'off', canary = 'on' } = (Object.hasOwn(flags, flag) && flags[flag]) || {};
        return { baseline, canary };
      },
      assignAnd: ({ flag, context, quiet }, next) =>
        evaluateAnd(this.#rules, quiet ? { flag, context } : { flag, context, assigned: this.#count }, next),
    };
    const { assignments = [] } = options;
    this.#count = (assignment) => {
      const { flag, user, errorCode } = assignment;
      if (errorCode !== undefined) pathMetrics.unevaluated(flag, errorCode);
      if (user !== '') this.metrics.seen(assignment, user);
      for (const sink of assignments) {
        try {
          sink.assigned(assignment);
        } catch {
          // Analytics never cost a user the page.
        }
      }
    };
    this.#forget = (event) => {
      const changed = Array.isArray(event?.flagsChanged) ? event.flagsChanged : [];
      for (const flag of changed) void this.#exposureChanged(String(flag));
    };
    client.addHandler(ProviderEvents.ConfigurationChanged, this.#forget);
  }

  /**
   * Serves one request by the path that the flag gives to its user, and counts it. Rejects with what the serving path
   * threw, or with `PathTimeout` where the new path was late and may not fall back.
   */
  run<R, I = undefined>(request: Run<R, I>): Promise<R> {
    return serve(this.#parts, request);
  }

  /** The same for synchronous paths, with an assignment from `assign`. No time limits, and no drill by a second flag. */
  runSync<R, I = undefined>(request: SyncRun<R, I>): R {
    return serveNow(this.#parts, request);
  }

  /** Evaluates a flag, counts its user and tells the analytics. Never rejects. */
  assign(flag: string, context: EvaluationContext): Promise<Assignment> {
    return evaluate(this.#rules, { flag, context, assigned: this.#count });
  }

  /** Evaluates a flag and counts nothing. */
  peek(flag: string, context: EvaluationContext): Promise<Assignment> {
    return evaluate(this.#rules, { flag, context });
  }

  /** Whether this user is served by the new path: the simple case, where the application branches by itself. */
  async isEnabled(flag: string, context: EvaluationContext): Promise<boolean> {
    const assignment = await this.assign(flag, context);
    return servesCanary(assignment, this.#mode(assignment));
  }

  /** Counts what the user did after the choke point, under the cohort of the assignment. */
  event(assignment: Assignment, event: string): void {
    this.metrics.event(assignment, event);
  }

  /** Requests whose paths disagreed, the newest last. */
  mismatches(flag?: string): MismatchExample[] {
    return this.#examples.list(flag);
  }

  /** Resolves once no shadow waits or runs: for tests and before the end. */
  idle(): Promise<void> {
    return this.#parts.shadows.idle();
  }

  /** Takes no more shadows, forgets those that wait, and sends the last assignments. */
  async close(): Promise<void> {
    this.#parts.client.removeHandler(ProviderEvents.ConfigurationChanged, this.#forget);
    this.#parts.shadows.close();
    await Promise.all((this.#options.assignments ?? []).map((sink) => sink.close()));
  }

  /** A lease that was renewed is a change of the definition and none of the exposure: its users stay counted. */
  async #exposureChanged(flag: string): Promise<void> {
    const { revision } = (await this.peek(flag, {})).metadata;
    const known = typeof revision === 'number' && this.#revisions.get(flag) === revision;
    if (typeof revision === 'number') this.#revisions.set(flag, revision);
    if (!known) this.metrics.forgetUsers(flag);
  }

  #mode(assignment: Assignment): Mode {
    const { mode } = this.#options;
    if (typeof mode === 'string') return mode;
    if (mode !== undefined) return mode(assignment);
    const named = assignment.metadata[MODE_METADATA];
    if (named === undefined) return 'live';
    // A word that nobody knows must not serve the new path.
    return MODES.find((known) => known === named) ?? 'aa';
  }
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  return new Dispatcher(options);
}

function tenantOf({ tenant }: EvaluationContext): string | undefined {
  return typeof tenant === 'string' ? tenant : undefined;
}
