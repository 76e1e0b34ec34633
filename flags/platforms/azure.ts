import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { type Exposure, NO_EXPOSURE } from '../../plans/exposure.ts';
import { Failure } from '../../plans/failures.ts';
import type { AzureConfig } from './config.ts';
import { createPlatformClient, type PlatformRequest, type PlatformResponse } from './http.ts';
import type { Platform, PlatformFlag, Sighting } from './platform.ts';
import { readAnswer } from './read-answer.ts';
import { createSyncTokens } from './sync-tokens.ts';

const API = 'api-version=1.0';
const FLAG = 'application/vnd.microsoft.appconfig.ff+json;charset=utf-8';
const KEY_VALUE = 'application/vnd.microsoft.appconfig.kv+json';
const TARGETING = 'Microsoft.Targeting';

const KeyValue = z.object({
  etag: z.string().min(1),
  value: z.string(),
  locked: z.boolean(),
  tags: z.record(z.string(), z.string()).nullish(),
});
const Audience = z.object({
  Users: z.array(z.string()).default([]),
  Groups: z.array(z.object({ Name: z.string(), RolloutPercentage: z.number() })).default([]),
  DefaultRolloutPercentage: z.number(),
  Exclusion: z
    .object({ Users: z.array(z.string()).optional(), Groups: z.array(z.string()).optional() })
    .optional(),
});
const Filter = z.object({
  name: z.string(),
  parameters: z.object({ Audience: Audience }).partial().optional(),
});
const Value = z.looseObject({
  id: z.string(),
  enabled: z.boolean(),
  conditions: z
    .looseObject({ requirement_type: z.string().optional(), client_filters: z.array(Filter).optional() })
    .optional(),
});

/**
 * Azure App Configuration by its REST API (1.0): a feature flag is the key `.appconfig.featureflag/NAME` with the environment as
 * label, the share and the segments are the audience of its `Microsoft.Targeting` filter. A write is one PUT with `If-Match`; the
 * ETag is the version. The Sync-Token of each answer goes back with the next request, so that a write is read back at once. A
 * segment is a group of the same name, to which the application assigns its users.
 */
export function createAzure(name: string, config: AzureConfig): Platform {
  const key = Buffer.from(config.secret, 'base64');
  const client = createPlatformClient({
    name,
    url: config.url,
    timeout: config.timeout,
    headers: (request, url) => signed(request, url, { id: config.id, key }),
  });
  const tokens = createSyncTokens();
  async function ask(request: PlatformRequest, expected: readonly number[]): Promise<PlatformResponse> {
    const headers = { ...tokens.header(), ...request.headers };
    const answer = await client.ask({ ...request, headers }, expected);
    tokens.take(answer.headers);
    return answer;
  }
  const place = ({ key: flag, environment }: PlatformFlag) => {
    const label = config.environments[environment] ?? environment;
    const path = encodeURIComponent(`.appconfig.featureflag/${flag}`);
    return `/kv/${path}?${API}&label=${encodeURIComponent(label)}`;
  };

  async function fetchFlag(flag: PlatformFlag) {
    const answer = await ask(
      { method: 'GET', path: place(flag), headers: { accept: KEY_VALUE } },
      [200, 404],
    );
    if (answer.status === 404) return null;
    const keyValue = readAnswer(name, KeyValue, answer.text);
    return { keyValue, value: readAnswer(name, Value, keyValue.value) };
  }

  return {
    name,
    kind: 'azure',
    where: client.where,
    uniqueVersions: true,
    can: {
      moves: true,
      creates: true,
      step: 0.01,
      segments: 'groups',
      stickiness: 'targetingKey',
      variants: false,
      compareAndSet: true,
      tellsWho: false,
    },
    async read(flag) {
      const found = await fetchFlag(flag);
      return found === null ? null : sighting(found.keyValue);
    },
    async write(write) {
      const { exposure, expected, author, reason } = write;
      audienceFor(exposure);
      const found = await fetchFlag(write);
      if (expected !== null && found?.keyValue.etag !== expected) return { kind: 'conflict' };
      if (found?.keyValue.locked === true)
        throw new Failure('PLATFORM_REFUSED', `The flag ${write.key} is locked in Azure App Configuration.`, {
          where: client.where,
          details: ['unlock it there: neither a raise nor a kill goes through a lock'],
        });
      const value = valueFor(found?.value ?? { id: write.key, enabled: false }, exposure);
      const tags = {
        ...found?.keyValue.tags,
        'tidegate-author': author,
        'tidegate-reason': reason.slice(0, 200),
      };
      const body = JSON.stringify({ value: JSON.stringify(value), content_type: FLAG, tags });
      const precondition: Record<string, string> =
        found === null ? { 'if-none-match': '*' } : { 'if-match': `"${found.keyValue.etag}"` };
      const put = (more: Record<string, string>) => {
        const headers = { accept: KEY_VALUE, 'content-type': KEY_VALUE, ...more };
        return ask({ method: 'PUT', path: place(write), body, headers }, [200, 409, 412]);
      };
      let answer = await put(precondition);
      // An order to lower is carried out, also where what was read is older than what is there.
      if (answer.status === 412 && expected === null) answer = await put({});
      if (answer.status === 412) return { kind: 'conflict' };
      if (answer.status === 409)
        throw new Failure('PLATFORM_REFUSED', `The flag ${write.key} is locked in Azure App Configuration.`, {
          where: client.where,
          details: ['unlock it there: neither a raise nor a kill goes through a lock'],
        });
      return { kind: 'taken', sighting: sighting(readAnswer(name, KeyValue, answer.text)) };
    },
    lacks: async () => [],
    async check() {
      await ask({ method: 'GET', path: `/keys?${API}&name=tidegate-doctor` }, [200]);
      return '';
    },
  };

  function sighting(keyValue: z.infer<typeof KeyValue>): Sighting {
    const { etag, value } = keyValue;
    const exposure = exposureOf(readAnswer(name, Value, value));
    // Azure's data plane does not say who has written.
    return { exposure, version: etag, changedBy: null };
  }
}

function valueFor(value: z.infer<typeof Value>, exposure: Exposure): object {
  const nobody = exposure.percent === 0 && exposure.segments.length === 0;
  if (nobody) return { ...value, enabled: false };
  const { requirement_type: _all, ...conditions } = value.conditions ?? {};
  const filter = { name: TARGETING, parameters: { Audience: audienceFor(exposure) } };
  return { ...value, enabled: true, conditions: { ...conditions, client_filters: [filter] } };
}

/** @throws Failure FLAG_UNSUPPORTED */
function audienceFor({ percent, segments, variant }: Exposure): z.infer<typeof Audience> {
  if (variant !== null)
    throw new Failure('FLAG_UNSUPPORTED', `Azure App Configuration serves no third variant ("${variant}").`);
  if (percent < 0 || percent > 100 || Math.abs(percent * 100 - Math.round(percent * 100)) > 1e-6)
    throw new Failure(
      'FLAG_UNSUPPORTED',
      `Azure is moved by hundredths of a percent: ${percent} % cannot be served.`,
    );
  const groups = segments.map((segment) => ({ Name: segment, RolloutPercentage: 100 }));
  return { Users: [], Groups: groups, DefaultRolloutPercentage: percent };
}

function exposureOf({ enabled, conditions }: z.infer<typeof Value>): Exposure {
  if (!enabled) return NO_EXPOSURE;
  const filters = conditions?.client_filters ?? [];
  if (filters.length === 0) return { ...NO_EXPOSURE, percent: 100 };
  const [filter] = filters;
  const audience = filter?.name === TARGETING ? filter.parameters?.Audience : undefined;
  if (filters.length > 1 || audience === undefined)
    return { ...NO_EXPOSURE, segments: filters.map((one) => `Azure filter ${one.name}`) };
  const segments = audience.Groups.map(({ Name, RolloutPercentage }) =>
    RolloutPercentage === 100 ? Name : `${Name} (${RolloutPercentage} %)`,
  );
  if (audience.Users.length > 0) segments.push('Azure users');
  const { Users = [], Groups = [] } = audience.Exclusion ?? {};
  if (Users.length + Groups.length > 0) segments.push('Azure exclusion');
  return { percent: audience.DefaultRolloutPercentage, segments, variant: null };
}

/** HMAC-SHA256 over `verb`, path with query, and date, host and the body's hash, as Azure App Configuration's REST API describes it. */
function signed(
  { method, body = '' }: PlatformRequest,
  url: URL,
  { id, key }: { id: string; key: Buffer },
): Record<string, string> {
  const date = new Date().toUTCString();
  const hash = createHash('sha256').update(body).digest('base64');
  const text = `${method}\n${url.pathname}${url.search}\n${date};${url.host};${hash}`;
  const signature = createHmac('sha256', key).update(text).digest('base64');
  return {
    'x-ms-date': date,
    'x-ms-content-sha256': hash,
    authorization: `HMAC-SHA256 Credential=${id}&SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${signature}`,
  };
}
