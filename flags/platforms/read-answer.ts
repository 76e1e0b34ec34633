import type { z } from 'zod';
import { Failure } from '../../plans/failures.ts';

/** A platform's answer as its published API describes it; anything else is no answer to build on. @throws Failure PLATFORM_REFUSED */
export function readAnswer<T extends z.ZodType>(name: string, schema: T, text: string): z.infer<T> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new Failure('PLATFORM_REFUSED', `The flag platform "${name}" does not answer with JSON.`, {
      cause,
    });
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Failure('PLATFORM_REFUSED', `The flag platform "${name}" answers in a form that is not known.`, {
    details,
  });
}
