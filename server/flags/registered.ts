import type { FlagService } from '../../flags/service.ts';
import type { FlagState } from '../../store/flag-contract.ts';

/** What is served of an environment, and what never could be: lists and the hygiene of flags are about that as well. */
export function registered(flagService: FlagService, environment: string): FlagState[] {
  const served = flagService.flags(environment);
  const keys = new Set(served.map(({ key }) => key));
  const others = flagService
    .refusals()
    .filter((refused) => refused.environment === environment && !keys.has(refused.key));
  return [...served, ...others.flatMap((refused) => flagService.definition(refused) ?? [])];
}
