import { eq } from 'drizzle-orm';
import { readableSpec } from '../plans/flag/spec.ts';
import type { FlagWorld, ReviewedFlag } from '../plans/flag/world.ts';
import type { Queries } from './connection.ts';
import type { FlagState } from './flag-contract.ts';
import { state } from './flag-rows.ts';
import { flags } from './schema.ts';
import { listSegments } from './segment-rows.ts';

/** What else there is in an environment, read once for all that one transaction changes. */
export interface FlagWorlds {
  of(environment: string): Promise<FlagWorld>;
  /** A flag is now as this transaction has made it. */
  put(flag: FlagState): void;
  /** The segments have changed. */
  forget(): void;
}

export function openWorlds(queries: Queries, configured: readonly string[]): FlagWorlds {
  const known = new Map<string, { flags: Map<string, ReviewedFlag>; segments: FlagWorld['segments'] }>();
  return {
    async of(environment) {
      const there = known.get(environment);
      if (there !== undefined) return there;
      const rows = await queries.select().from(flags).where(eq(flags.environment, environment));
      const shared = await listSegments(queries);
      const world = {
        flags: new Map(rows.map(state).map((flag) => [flag.key, reviewed(flag)] as const)),
        segments: new Map<string, { joinable: boolean }>([
          ...configured.map((name) => [name, { joinable: false }] as const),
          ...shared.map((segment) => [segment.name, segment] as const),
        ]),
      };
      known.set(environment, world);
      return world;
    },
    put(flag) {
      known.get(flag.environment)?.flags.set(flag.key, reviewed(flag));
    },
    forget: () => known.clear(),
  };
}

function reviewed(flag: FlagState): ReviewedFlag {
  return { ...flag, spec: readableSpec(flag.spec) };
}
