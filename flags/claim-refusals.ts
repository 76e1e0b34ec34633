import { NO_EXPOSURE, sameExposure } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import { servedHereOnly } from '../plans/flag/served-here.ts';
import type { FlagState, FlagStore } from '../store/flag-contract.ts';
import type { FlagTarget } from './provider.ts';

/**
 * Users who have the canary from one platform would lose it, if the flag went to another one in silence; and those whom its
 * definition keeps from it would get it. `provider`: undefined is the embedded one. @throws Failure FLAG_OWNED, FLAG_INVALID
 */
export async function refuseElsewhere(
  flags: FlagStore,
  target: FlagTarget,
  provider: string | undefined,
): Promise<void> {
  const flag = await flags.read(target);
  if (flag === null) return;
  if (provider !== undefined) refuseTargeted(flag, provider);
  if (flag.shape.provider === provider || sameExposure(flag.exposure, NO_EXPOSURE)) return;
  throw new Failure(
    'FLAG_OWNED',
    `The flag ${target.key} in ${target.environment} is served by "${flag.shape.provider ?? 'embedded'}", at ${flag.exposure.percent} %.`,
    { details: ['take it to nobody there before another provider serves it'] },
  );
}

/** The definition may have got its rules after the plan was taken in. */
function refuseTargeted({ key, environment, spec }: FlagState, provider: string): void {
  const only = spec === null ? [] : servedHereOnly(spec);
  if (only.length === 0) return;
  throw new Failure('FLAG_INVALID', `"${provider}" would serve ${key} without its ${only.join(', ')}.`, {
    details: [`take them out of its definition in ${environment}, or plan it with \`provider: embedded\``],
  });
}
