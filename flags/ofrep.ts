import { createHash } from 'node:crypto';
import type { FlagdCore } from '@openfeature/flagd-core';
import { z } from 'zod';
import { asciiContext } from './ascii-context.ts';
import type { FlagService } from './service.ts';

/** An answer of OFREP 0.3, ready to be sent. `body` null: none. */
export interface OfrepReply {
  status: number;
  headers: Record<string, string>;
  body: object | null;
}

type ErrorCode = 'PARSE_ERROR' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'GENERAL' | 'FLAG_NOT_FOUND';

const Context = z.looseObject({ targetingKey: z.string().optional() });
type Context = z.infer<typeof Context>;
type EvaluationContext = NonNullable<Parameters<FlagdCore['resolveAll']>[0]>;

/**
 * Evaluates one flag: `POST /ofrep/v1/evaluate/flags/{key}`. `body` is the parsed JSON of the request, undefined if it
 * is no JSON. A caller without a targeting key is a caller without a key (see `definition.ts`), not an error.
 */
export function evaluateOne(
  service: FlagService,
  environment: string,
  key: string,
  body: unknown,
): OfrepReply {
  const context = contextOf(body);
  if ('code' in context) return json(400, { key, errorCode: context.code, errorDetails: context.details });
  if (!service.ready()) return notReady();

  const document = service.document(environment);
  const flag = document.evaluator().getFlag(key);
  if (flag === undefined) {
    const errorDetails = `There is no flag ${key} in ${environment}.`;
    return json(404, { key, errorCode: 'FLAG_NOT_FOUND' satisfies ErrorCode, errorDetails });
  }
  const evaluation = evaluate(document.evaluator(), key, context.value);
  return json('errorCode' in evaluation ? 400 : 200, evaluation);
}

/**
 * Evaluates all flags: `POST /ofrep/v1/evaluate/flags`. The ETag stands for the answer to this very context, so that 304
 * is exact. `ifNoneMatch` is the request's header.
 */
export function evaluateAll(
  service: FlagService,
  environment: string,
  body: unknown,
  ifNoneMatch: string | undefined,
): OfrepReply {
  const context = contextOf(body);
  if ('code' in context) return json(400, { errorCode: context.code, errorDetails: context.details });
  if (!service.ready()) return notReady();

  const core = service.document(environment).evaluator();
  const flags = [...core.getFlags().keys()].map((key) => evaluate(core, key, context.value));
  const answer = { flags, metadata: core.getFlagSetMetadata() };
  const etag = `"${createHash('sha256').update(JSON.stringify(answer)).digest('base64url').slice(0, 22)}"`;
  if (matches(ifNoneMatch, etag)) return { status: 304, headers: { etag }, body: null };
  return json(200, answer, { etag });
}

/** A flag that is disabled or has no default is answered without a value: the application uses its own. */
function evaluate(core: FlagdCore, key: string, context: Context): object {
  const flag = core.getFlag(key);
  if (flag === undefined) return { key, errorCode: 'FLAG_NOT_FOUND' satisfies ErrorCode };
  if (flag.state === 'DISABLED') return { key, reason: 'DISABLED', metadata: flag.metadata };
  const { value, variant, reason, ...rest } = {
    variant: undefined,
    ...flag.evaluate(evaluationContext(context)),
  };
  const metadata = rest.flagMetadata;
  if (reason === 'ERROR' && 'errorCode' in rest) {
    return { key, errorCode: rest.errorCode, errorDetails: rest.errorMessage, metadata };
  }
  return { key, ...(value === undefined ? {} : { value, variant }), reason, metadata };
}

/** JSON is what OpenFeature calls a context; only its type does not know. Keys in ASCII, as every client's. */
function evaluationContext(context: Context): EvaluationContext {
  return asciiContext(context) as EvaluationContext;
}

function contextOf(body: unknown): { value: Context } | { code: ErrorCode; details: string } {
  if (body === undefined) return { code: 'PARSE_ERROR', details: 'The body is not JSON.' };
  if (typeof body !== 'object' || body === null || !('context' in body)) {
    return { code: 'INVALID_CONTEXT', details: 'The body has no "context".' };
  }
  const context = Context.safeParse(body.context);
  if (context.success) return { value: context.data };
  const keyIsWrong = context.error.issues.some((issue) => issue.path[0] === 'targetingKey');
  const details = keyIsWrong ? '"context.targetingKey" is not text.' : '"context" is not an object.';
  return { code: 'INVALID_CONTEXT', details };
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  // Quotes and the mark of weakness are lost on the way through some clients and proxies.
  const bare = (tag: string) => tag.trim().replace(/^W\//, '').replaceAll('"', '');
  return ifNoneMatch.split(',').some((tag) => bare(tag) === '*' || bare(tag) === bare(etag));
}

function notReady(): OfrepReply {
  const errorDetails = 'No flag definitions yet: PostgreSQL does not answer and none are on disk.';
  return json(500, { errorDetails }, { 'retry-after': '1' });
}

function json(status: number, body: object, headers: Record<string, string> = {}): OfrepReply {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body };
}
