import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod';
import { Failure, isFailure } from '../plans/failures.ts';
import { problemDetails } from '../plans/problem-details.ts';
import type { Problem } from './api.ts';
import { Conflict } from './conflict.ts';

/** RFC 9457 problem details of a failure; all but the sentence itself comes from the table of failures. */
export function problemOf(failure: Failure): Problem {
  return {
    ...problemDetails(failure),
    ...(failure instanceof Conflict ? { current: failure.current } : {}),
  };
}

interface HttpError {
  statusCode: number;
  message: string;
}

/** Fastify's own refusals: a body that is no JSON, too large, of a type that nobody declared. */
function isClientError(error: unknown): error is HttpError {
  if (!(error instanceof Error) || !('statusCode' in error)) return false;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
}

/** Any error as something that a caller may see. What is a bug says only that it is one; the log has the rest. */
export function asProblem(error: unknown): Problem {
  if (isFailure(error)) return problemOf(error);
  if (hasZodFastifySchemaValidationErrors(error)) {
    const details = error.validation.map((issue) => {
      const path = issue.instancePath
        .split('/')
        .filter((part) => part !== '')
        .join('.');
      return `${path === '' ? (error.validationContext ?? 'request') : path}: ${issue.message ?? 'is not valid'}`;
    });
    return problemOf(new Failure('USAGE', 'The request is not what this address expects.', { details }));
  }
  if (!isResponseSerializationError(error) && isClientError(error)) {
    return { ...problemOf(new Failure('USAGE', error.message)), status: error.statusCode };
  }
  return problemOf(new Failure('INTERNAL', 'Tidegate could not answer this request.'));
}
