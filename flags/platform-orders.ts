import type { Exposure } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import type { FlagState } from '../store/flag-contract.ts';
import type { Platform } from './platforms/platform.ts';

/** How long a platform may go on reading as before a write, in milliseconds. */
export const READ_BACK_MS = 5_000;
export const READ_AGAIN_MS = 100;

/** Tells the platform what it is to serve, whatever it serves now or only onto the version that is `expected`. */
export function tell(
  platform: Platform,
  { environment, key, shape }: Pick<FlagState, 'environment' | 'key' | 'shape'>,
  order: { exposure: Exposure; author: string; reason: string; expected?: string | null },
): ReturnType<Platform['write']> {
  return platform.write({ environment, key, shape, expected: null, ...order });
}

export function notServed({ name, where }: Pick<Platform, 'name' | 'where'>): Failure {
  return new Failure('PLATFORM_UNREACHABLE', `"${name}" does not serve what it was told yet.`, { where });
}
