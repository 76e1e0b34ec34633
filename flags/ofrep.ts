import type { FlagdCore } from '@openfeature/flagd-core';
import { z } from 'zod';
import { asciiContext } from './ascii-context.ts';
import { answerTag, etagOf, matches } from './etag.ts';
import type { Scope } from './selector.ts';
import type { FlagService } from './service.ts';

/** An answer of OFREP 0.3, ready to be sent. `body` null: none. */
export interface OfrepReply {
  status: number;
  headers: Record<string, string>;
  body: object | null;
}

/** Where a client hears of changes, by ADR-0008. */
export interface EventStream {
  type: 'sse';
  url: string;
  inactivityDelaySec: number;
}

/** One request. `body` is its text as it came; undefined if it could not be read. */
export interface OfrepRequest extends Scope {
  body: string | undefined;
}

type ErrorCode = 'PARSE_ERROR' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'GENERAL' | 'FLAG_NOT_FOUND';

const Context = z.looseObject({ targetingKey: z.string().optional() });
type Context = z.infer<typeof Context>;
type EvaluationContext = NonNullable<Parameters<FlagdCore['resolveAll']>[0]>;

/**
 * Evaluates one flag: `POST /ofrep/v1/evaluate/flags/{key}`. A caller without a targeting key is a caller without a key
 * (see `definition.ts`), not an error.
 */
export function evaluateOne(
  service: FlagService,
  { environment, flagSet, key, body }: OfrepRequest & { key: string },
): OfrepReply {
  const context = contextOf(body);
  if ('code' in context) return json(400, { key, errorCode: context.code, errorDetails: context.details });
  if (!service.ready()) return notReady();

  const document = service.document(environment, flagSet);
  const flag = document.evaluator().getFlag(key);
  if (flag === undefined) {
    const part = flagSet === null ? '' : ` of ${environment}`;
    const errorDetails = `There is no flag ${key} in ${flagSet ?? environment}${part}.`;
    return json(404, { key, errorCode: 'FLAG_NOT_FOUND' satisfies ErrorCode, errorDetails });
  }
  const evaluation = evaluate(document.evaluator(), key, context.value);
  return json('errorCode' in evaluation ? 400 : 200, evaluation);
}

/**
 * Evaluates all flags: `POST /ofrep/v1/evaluate/flags`. The ETag stands for the definitions and this very context, so
 * that a client that has the answer already costs no evaluation. `ifNoneMatch` is the request's header, `now` seconds
 * since 1970.
 */
export function evaluateAll(
  service: FlagService,
  {
    environment,
    flagSet,
    body,
    ifNoneMatch,
    eventStreams,
    now,
  }: OfrepRequest & { ifNoneMatch: string | undefined; eventStreams: readonly EventStream[]; now: number },
): OfrepReply {
  const context = contextOf(body);
  if ('code' in context) return json(400, { errorCode: context.code, errorDetails: context.details });
  if (!service.ready()) return notReady();

  const document = service.document(environment, flagSet);
  const known = etagOf(document, { now, parts: [environment, body ?? '', JSON.stringify(eventStreams)] });
  if (known !== null && matches(ifNoneMatch, known)) return unchanged(known);
  const core = document.evaluator();
  const flags = [...core.getFlags().keys()].map((key) => evaluate(core, key, context.value));
  const answer = { flags, metadata: core.getFlagSetMetadata(), eventStreams };
  const etag = known ?? answerTag(answer);
  if (matches(ifNoneMatch, etag)) return unchanged(etag);
  return json(200, answer, { etag });
}

/** A request that never came to be evaluated, in the protocol's form: refused, too large, or not read to its end. */
export function refusedReply(
  status: number,
  errorDetails: string,
  more: { errorCode?: ErrorCode; headers?: Record<string, string> } = {},
): OfrepReply {
  return json(status, { errorCode: more.errorCode ?? 'GENERAL', errorDetails }, more.headers);
}

function unchanged(etag: string): OfrepReply {
  return { status: 304, headers: { etag }, body: null };
}

/**
 * Reasons are those of OpenFeature, as flagd itself answers and its public cases want: `DEFAULT` is none of OFREP 0.3's list.
 * A flag that is disabled or has no default is answered without a value: the application uses its own.
 */
function evaluate(core: FlagdCore, key: string, context: EvaluationContext): object {
  const flag = core.getFlag(key);
  if (flag === undefined) return { key, errorCode: 'FLAG_NOT_FOUND' satisfies ErrorCode };
  if (flag.state === 'DISABLED') return { key, reason: 'DISABLED', metadata: flag.metadata };
  const { value, variant, reason, ...rest } = {
    variant: undefined,
    ...flag.evaluate(context),
  };
  const metadata = rest.flagMetadata;
  if (reason === 'ERROR' && 'errorCode' in rest) {
    return { key, errorCode: rest.errorCode, errorDetails: rest.errorMessage, metadata };
  }
  return { key, ...(value === undefined ? {} : { value, variant }), reason, metadata };
}

/** JSON is what OpenFeature calls a context; only its type does not know. Keys in ASCII, as every client's. */
function evaluationContext(context: Context): EvaluationContext | null {
  try {
    return asciiContext(context) as EvaluationContext;
  } catch (error) {
    // Nested more deeply than a program can follow.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function contextOf(
  text: string | undefined,
): { value: EvaluationContext } | { code: ErrorCode; details: string } {
  const body = parsed(text);
  if (body === undefined) return { code: 'PARSE_ERROR', details: 'The body is not JSON.' };
  if (typeof body !== 'object' || body === null || !('context' in body)) {
    return { code: 'INVALID_CONTEXT', details: 'The body has no "context".' };
  }
  const context = Context.safeParse(body.context);
  if (context.success) {
    const value = evaluationContext(context.data);
    if (value !== null) return { value };
    return { code: 'INVALID_CONTEXT', details: '"context" is nested too deeply.' };
  }
  const keyIsWrong = context.error.issues.some((issue) => issue.path[0] === 'targetingKey');
  const details = keyIsWrong ? '"context.targetingKey" is not text.' : '"context" is not an object.';
  return { code: 'INVALID_CONTEXT', details };
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // The protocol has its own answer to a body that is no JSON.
    return undefined;
  }
}

function notReady(): OfrepReply {
  const errorDetails = 'No flag definitions yet: PostgreSQL does not answer and none are on disk.';
  return json(500, { errorDetails }, { 'retry-after': '1' });
}

function json(status: number, body: object, headers: Record<string, string> = {}): OfrepReply {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body };
}
