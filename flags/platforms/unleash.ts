import { z } from 'zod';
import { Failure } from '../../plans/failures.ts';
import type { Segments } from '../segments.ts';
import type { UnleashConfig } from './config.ts';
import { createPlatformClient } from './http.ts';
import type { Platform, PlatformFlag, Sighting } from './platform.ts';
import { readAnswer } from './read-answer.ts';
import {
  exposureOf,
  LiveStrategy,
  type Strategy,
  sameStrategy,
  strategiesFor,
} from './unleash-strategies.ts';

const Environment = z.object({ enabled: z.boolean(), strategies: z.array(LiveStrategy) });
const Event = z.object({
  id: z.int(),
  type: z.string(),
  createdBy: z.string(),
  environment: z.string().nullish(),
});
type Event = z.infer<typeof Event>;
const Events = z.object({ events: z.array(Event) });
const ContextField = z.object({ stickiness: z.boolean().optional() });

/** Changes of a flag that change who gets it; a description or a tag does not. */
const RELEVANT =
  /^feature-(?:created|archived|revived|strategy-|environment-|dependency-|dependencies-|project-change)/;
const EVENTS = 20;
/** A flag that changes more often than this while it is read is read at the next poll. */
const READS = 5;

/**
 * Unleash by its admin API (7.x): one `flexibleRollout` strategy for the percentage and one for each segment, marked by their
 * title; nobody is the environment switched off. Unleash has no compare-and-set and takes any text as a percentage with 200, so
 * the version is the number of the flag's last event and each write is read back.
 */
export function createUnleash(name: string, config: UnleashConfig, segments: Segments): Platform {
  const { project } = config;
  const client = createPlatformClient({
    name,
    url: config.url,
    timeout: config.timeout,
    headers: () => ({ authorization: config.token, 'content-type': 'application/json' }),
  });
  const features = `/api/admin/projects/${encodeURIComponent(project)}/features`;
  const environmentOf = (environment: string) => config.environments[environment] ?? environment;
  const feature = (key: string) => `${features}/${encodeURIComponent(key)}`;
  const place = ({ key, environment }: PlatformFlag) =>
    `${feature(key)}/environments/${encodeURIComponent(environmentOf(environment))}`;
  const send = (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
    client.ask({ method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }, [200, 201]);

  async function environment(flag: PlatformFlag): Promise<z.infer<typeof Environment> | null> {
    const answer = await client.ask({ method: 'GET', path: place(flag) }, [200, 404]);
    if (answer.status === 200) return readAnswer(name, Environment, answer.text);
    if ((await client.ask({ method: 'GET', path: feature(flag.key) }, [200, 404])).status === 404)
      return null;
    throw new Failure(
      'PLATFORM_REFUSED',
      `Unleash has no environment "${environmentOf(flag.environment)}" in the project "${project}".`,
      { where: client.where, details: [`name it in \`providers.${name}.environments.${flag.environment}\``] },
    );
  }

  /** The last change of who gets the flag; null: none is known. */
  async function lastEvent({ key, environment }: PlatformFlag): Promise<Event | null> {
    const there = environmentOf(environment);
    for (let offset = 0; ; offset += EVENTS) {
      const query = new URLSearchParams({
        feature: `IS:${key}`,
        project: `IS:${project}`,
        limit: String(EVENTS),
        offset: String(offset),
      });
      const answer = await client.ask(
        { method: 'GET', path: `/api/admin/search/events?${query.toString()}` },
        [200],
      );
      const { events } = readAnswer(name, Events, answer.text);
      const found = events.find(
        ({ type, environment: at }) => RELEVANT.test(type) && (at ?? there) === there,
      );
      if (found !== undefined) return found;
      if (events.length < EVENTS) return null;
    }
  }

  /**
   * What is served and the event that made it so. Unleash commits both in one transaction and gives them in two answers, so that a change between
   * these looks like another version's: it is one sighting only where the event is the same before and after.
   * @throws Failure PLATFORM_UNREACHABLE where it changes all the while
   */
  async function read(flag: PlatformFlag): Promise<Sighting | null> {
    let before = await lastEvent(flag);
    for (let attempt = 0; attempt < READS; attempt += 1) {
      const live = await environment(flag);
      if (live === null) return null;
      const event = await lastEvent(flag);
      if (event?.id === before?.id)
        return {
          exposure: exposureOf(live, { flag, segments }),
          version: versionOf(event),
          changedBy: event?.createdBy ?? null,
        };
      before = event;
    }
    throw new Failure('PLATFORM_UNREACHABLE', `"${name}" changes the flag ${flag.key} while it is read.`, {
      where: client.where,
    });
  }

  /** What is too much goes before what is missing comes: in between there is never more than before or after. */
  async function arrange(flag: PlatformFlag, wanted: readonly Strategy[], present: readonly LiveStrategy[]) {
    const path = `${place(flag)}/strategies`;
    const kept = new Set<string>();
    const missing: Strategy[] = [];
    const changed: { id: string; strategy: Strategy }[] = [];
    for (const strategy of wanted) {
      const same = present.find((one) => one.title === strategy.title && !kept.has(one.id));
      if (same === undefined) missing.push(strategy);
      else {
        kept.add(same.id);
        if (!sameStrategy(same, strategy)) changed.push({ id: same.id, strategy });
      }
    }
    for (const { id } of present.filter((one) => !kept.has(one.id))) await send('DELETE', `${path}/${id}`);
    for (const { id, strategy } of changed) await send('PUT', `${path}/${id}`, strategy);
    for (const strategy of missing) await send('POST', path, strategy);
  }

  return {
    name,
    kind: 'unleash',
    where: client.where,
    uniqueVersions: true,
    can: {
      moves: true,
      creates: true,
      step: 1,
      segments: 'attributes',
      stickiness: 'any',
      variants: true,
      compareAndSet: false,
      tellsWho: true,
    },
    read,
    async write(write) {
      const { exposure, expected, key } = write;
      // Before anything is sent: Unleash takes "0.5" and "abc" with 200.
      const wanted = strategiesFor(write, exposure, segments);
      let live = await environment(write);
      if (live === null) {
        const body = { name: key, type: 'release', description: `Moved by Tidegate: ${write.reason}` };
        await client.ask({ method: 'POST', path: features, body: JSON.stringify(body) }, [201, 409]);
        live = (await environment(write)) ?? { enabled: false, strategies: [] };
      } else if (expected !== null && versionOf(await lastEvent(write)) !== expected) {
        return { kind: 'conflict' };
      }
      if (wanted.length === 0) {
        if (live.enabled) await send('POST', `${place(write)}/off`);
      } else {
        await arrange(write, wanted, live.strategies);
        if (!live.enabled) await send('POST', `${place(write)}/on`);
      }
      return { kind: 'taken', sighting: null };
    },
    async lacks({ shape, environment: at, key }) {
      const found: string[] = [];
      const there = environmentOf(at);
      const known = await client.ask(
        { method: 'GET', path: `/api/admin/environments/project/${encodeURIComponent(project)}` },
        [200, 404],
      );
      const Known = z.object({ environments: z.array(z.object({ name: z.string(), enabled: z.boolean() })) });
      const names =
        known.status === 200 ? readAnswer(name, Known, known.text).environments.map((one) => one.name) : [];
      if (!names.includes(there))
        found.push(
          `environment: Unleash's project "${project}" has no environment "${there}" (it has ${names.join(', ') || 'none'}): name it in providers.${name}.environments`,
        );
      const { stickiness } = shape;
      if (stickiness === 'targetingKey' || BUILT_IN.includes(stickiness)) return found;
      const field = await client.ask(
        { method: 'GET', path: `/api/admin/context/${encodeURIComponent(stickiness)}` },
        [200, 404],
      );
      if (field.status === 404 || readAnswer(name, ContextField, field.text).stickiness !== true)
        found.push(
          `flag.stickiness: Unleash cannot keep users of ${key} together by "${stickiness}": make it a context field with custom stickiness there`,
        );
      return found;
    },
    async check() {
      const answer = await client.ask({ method: 'GET', path: `${features}?limit=1` }, [200, 404]);
      if (answer.status === 404)
        throw new Failure('PLATFORM_REFUSED', `Unleash has no project "${project}".`, {
          where: client.where,
        });
      return `project ${project}`;
    },
  };
}

const BUILT_IN = ['userId', 'sessionId'];

function versionOf(event: Event | null): string {
  return String(event?.id ?? 0);
}
