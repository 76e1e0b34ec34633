import { knownChecks } from '../checks/config.ts';
import type { Platform } from '../flags/platforms/platform.ts';
import type { ServerDeps } from '../server/deps.ts';
import type { Config } from './config.ts';
import { capabilities } from './platform-checks.ts';

/** Names that a plan may use by this configuration. `shared`: segments that flags share, asked anew for each plan. */
export function knownNames(
  config: Config,
  given: { platforms: ReadonlyMap<string, Platform>; shared: () => readonly string[] },
): ServerDeps['known'] {
  const { sources, channels, segments, checks, holidays } = config;
  return {
    sources: Object.keys(sources),
    channels: Object.keys(channels),
    segments: Object.keys(segments),
    get sharedSegments() {
      return given.shared();
    },
    checks: knownChecks(checks),
    holidays,
    providers: capabilities(given.platforms),
  };
}
