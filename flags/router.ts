import { Failure } from '../plans/failures.ts';
import type { FlagStore } from '../store/flag-contract.ts';
import { within } from './deadline.ts';
import type { ForeignProvider } from './foreign.ts';
import { lastKnown } from './orders.ts';
import type { FlagProvider, FlagTarget } from './provider.ts';
import type { FlagService } from './service.ts';

export interface Routes {
  embedded: FlagProvider;
  foreign: ReadonlyMap<string, ForeignProvider>;
  flagStore: FlagStore | null;
  dataDir: string;
  service?: FlagService;
}

/** How long PostgreSQL is asked whose a flag is that no definition here knows. */
const LOOKUP_MS = 500;

/** Finds a provider by the name in a plan. @throws Failure CONFIG_INVALID */
export function providerNamed(
  { embedded, foreign }: Pick<Routes, 'embedded' | 'foreign'>,
  name: string,
): FlagProvider {
  const found = name === 'embedded' ? embedded : foreign.get(name);
  if (found !== undefined) return found;
  throw new Failure('CONFIG_INVALID', `There is no flag provider "${name}" in tidegate.yaml.`, {
    details: [`\`providers\` has ${[...foreign.keys()].toSorted().join(', ') || 'none'}`],
  });
}

/** The provider of each flag, for whoever knows the flag and no plan: a kill, an unlock, a look. */
export function routeFlags(routes: Routes): FlagProvider {
  const { embedded, flagStore, dataDir, service } = routes;

  async function of(target: FlagTarget): Promise<FlagProvider> {
    const known = (await lastKnown({ service, dataDir }, target)) ?? (await stored(target));
    return providerNamed(routes, known?.shape.provider ?? 'embedded');
  }

  async function stored(target: FlagTarget) {
    if (flagStore === null) return null;
    return within(LOOKUP_MS, flagStore.read(target)).catch(() => null);
  }

  return {
    name: embedded.name,
    read: async (target) => (await of(target)).read(target),
    look: async (target, shape) => (await of(target)).look(target, shape),
    claim: async (target, shape, rolloutId) => (await of(target)).claim(target, shape, rolloutId),
    write: async (write) => (await of(write)).write(write),
    release: async (target, rolloutId) => (await of(target)).release(target, rolloutId),
    kill: async (target, safe, latch) => (await of(target)).kill(target, safe, latch),
    unlock: async (target, by, reason) => (await of(target)).unlock(target, by, reason),
  };
}
