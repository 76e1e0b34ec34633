import { z } from 'zod';
import { Failure } from '../../plans/failures.ts';
import type { FlagShape } from '../provider.ts';
import type { Segments } from '../segments.ts';
import type { LaunchDarklyConfig } from './config.ts';
import { createPlatformClient } from './http.ts';
import { type Environment, exposureOf, Flag, instructionsFor } from './launchdarkly-flag.ts';
import type { Platform, PlatformFlag, Sighting } from './platform.ts';
import { readAnswer } from './read-answer.ts';

const PATCH = 'application/json; domain-model=launchdarkly.semanticpatch';
const AuditLog = z.object({
  items: z.array(
    z.object({
      member: z.object({ email: z.string() }).nullish(),
      token: z.object({ name: z.string() }).nullish(),
    }),
  ),
});

/**
 * LaunchDarkly by its REST API (version 20240415): the share is the fallthrough rollout of the environment, a segment is a rule of
 * its own, nobody is the flag switched off. A semantic patch is one request; the version is the environment's own counter, which a change of another
 * environment leaves alone. `ignoreConflicts` stays off, so that a change during the
 * patch is a 409; one between the read and the patch is not told apart, and the read after it decides.
 */
export function createLaunchDarkly(name: string, config: LaunchDarklyConfig, segments: Segments): Platform {
  const client = createPlatformClient({
    name,
    url: config.url,
    timeout: config.timeout,
    headers: () => ({ authorization: config.token, 'ld-api-version': '20240415' }),
  });
  const environmentOf = (environment: string) => config.environments[environment] ?? environment;
  const project = encodeURIComponent(config.project);
  const place = ({ key, environment }: PlatformFlag) =>
    `/api/v2/flags/${project}/${encodeURIComponent(key)}?env=${encodeURIComponent(environmentOf(environment))}`;

  function parse(flag: PlatformFlag, text: string): { flag: Flag; live: Environment } {
    const found = readAnswer(name, Flag, text);
    const live = found.environments[environmentOf(flag.environment)];
    if (live !== undefined) return { flag: found, live };
    throw new Failure(
      'PLATFORM_REFUSED',
      `LaunchDarkly has no environment "${environmentOf(flag.environment)}" in the project "${config.project}".`,
      { where: client.where, details: [`name it in \`providers.${name}.environments.${flag.environment}\``] },
    );
  }

  const sighting = (flag: PlatformFlag, text: string, changedBy: string | null): Sighting => {
    const { flag: found, live } = parse(flag, text);
    return {
      exposure: exposureOf({ flag: found, live, shape: flag.shape }, { segments, ...config }),
      version: String(live.version),
      changedBy,
    };
  };

  /** Who changed the flag last; a token without the right to read the audit log costs the name, not the reading. */
  async function author(flag: PlatformFlag): Promise<string | null> {
    const spec = `proj/${config.project}:env/${environmentOf(flag.environment)}:flag/${flag.key}`;
    const path = `/api/v2/auditlog?limit=1&spec=${encodeURIComponent(spec)}`;
    try {
      const answer = await client.ask({ method: 'GET', path }, [200, 403]);
      if (answer.status !== 200) return null;
      const [last] = readAnswer(name, AuditLog, answer.text).items;
      return last?.member?.email ?? last?.token?.name ?? null;
    } catch {
      return null;
    }
  }

  /** The last author by flag and version: the audit log is asked once a change, not once a poll. */
  const authors = new Map<string, { version: string; who: string | null }>();

  async function read(flag: PlatformFlag): Promise<Sighting | null> {
    const answer = await client.ask({ method: 'GET', path: place(flag) }, [200, 404]);
    if (answer.status === 404) return null;
    const seen = sighting(flag, answer.text, null);
    const id = `${flag.environment}/${flag.key}`;
    const known = authors.get(id);
    if (known?.version === seen.version) return { ...seen, changedBy: known.who };
    const who = await author(flag);
    authors.set(id, { version: seen.version, who });
    return { ...seen, changedBy: who };
  }

  return {
    name,
    kind: 'launchdarkly',
    where: client.where,
    uniqueVersions: true,
    can: {
      moves: true,
      creates: false,
      step: 0.01,
      segments: 'attributes',
      stickiness: 'any',
      variants: true,
      // A semantic patch carries no version: it was compared just before, and 409 is for what changes during the patch itself.
      compareAndSet: false,
      tellsWho: true,
    },
    read,
    async write(write) {
      const { exposure, expected, author: by, reason } = write;
      const before = await client.ask({ method: 'GET', path: place(write) }, [200, 404]);
      if (before.status === 404)
        throw new Failure('FLAG_UNKNOWN', `LaunchDarkly has no flag ${write.key}.`, { where: client.where });
      const { flag, live } = parse(write, before.text);
      if (expected !== null && String(live.version) !== expected) return { kind: 'conflict' };
      const at = { flag, live, shape: write.shape, order: expected === null };
      const instructions = instructionsFor(at, exposure, { segments, ...config });
      if (instructions.length === 0) return { kind: 'taken', sighting: sighting(write, before.text, null) };
      const body = JSON.stringify({
        environmentKey: environmentOf(write.environment),
        comment: `Tidegate: ${by}: ${reason}`,
        instructions,
      });
      const answer = await client.ask(
        { method: 'PATCH', path: place(write), body, headers: { 'content-type': PATCH } },
        [200, 409],
      );
      if (answer.status === 409) return { kind: 'conflict' };
      return { kind: 'taken', sighting: sighting(write, answer.text, null) };
    },
    async lacks(flag) {
      const answer = await client.ask({ method: 'GET', path: place(flag) }, [200, 404]);
      if (answer.status === 404)
        return [
          `flag.key: LaunchDarkly's project "${config.project}" has no flag "${flag.key}": make it there first`,
        ];
      const { variations } = readAnswer(name, Flag, answer.text);
      const missing = variantsOf(flag.shape).filter(
        (value) => !variations.some((one) => same(one.value, value)),
      );
      return missing.map(
        (value) =>
          `flag.variants: LaunchDarkly's flag "${flag.key}" has no variation ${JSON.stringify(value)}: add it there`,
      );
    },
    async check() {
      const path = `/api/v2/projects/${project}`;
      const answer = await client.ask({ method: 'GET', path }, [200, 404]);
      if (answer.status === 404)
        throw new Failure('PLATFORM_REFUSED', `LaunchDarkly has no project "${config.project}".`, {
          where: client.where,
        });
      return `project ${config.project}`;
    },
  };
}

function variantsOf({ variants, baseline, canary }: FlagShape): unknown[] {
  return [baseline, canary].map((name) => variants[name]);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
