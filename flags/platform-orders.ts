import type { Exposure } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import type { FlagState } from '../store/flag-contract.ts';
import type { Platform } from './platforms/platform.ts';

/** How long a platform may go on reading as before a write, in milliseconds. */
export const READ_BACK_MS = 5_000;
export const READ_AGAIN_MS = 100;

/** Tells the platform what it is to serve, whatever it serves now. */
export function tell(
  platform: Platform,
  { environment, key, shape }: Pick<FlagState, 'environment' | 'key' | 'shape'>,
  order: { exposure: Exposure; author: string; reason: string },
): ReturnType<Platform['write']> {
  return platform.write({ environment, key, shape, expected: null, ...order });
}

export function notServed({ name, where }: Pick<Platform, 'name' | 'where'>): Failure {
  return new Failure('PLATFORM_UNREACHABLE', `"${name}" does not serve what it was told yet.`, { where });
}

/** Does it for each, and fails with the first of what failed once all had their turn: a flag that its platform refuses keeps no other's order back. */
export async function forEach<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const failed: unknown[] = [];
  for (const one of all) await work(one).catch((error: unknown) => failed.push(error));
  if (failed.length > 0) throw failed[0];
}
