import { type HttpCheck, hostOf, secretsIn, withSecrets } from '../plans/check.ts';
import type { ChecksConfig } from './config.ts';
import type { Outcome } from './outcome.ts';
import { no, yes } from './outcome.ts';

/** What of an answer is searched for the expected text. */
const MOST_BYTES = 1_048_576;

/**
 * Asks an address. Only hosts of tidegate.yaml, by their name and port, and no redirect is followed: a plan must not reach what
 * only the worker can.
 */
export async function askHttp(
  check: HttpCheck,
  { config, signal }: { config: ChecksConfig; signal: AbortSignal },
): Promise<Outcome> {
  const host = hostOf(check.url);
  const allowed = Object.hasOwn(config.hosts, host) ? config.hosts[host] : undefined;
  if (allowed === undefined) return no(`${host} is not one of checks.hosts in tidegate.yaml`);
  const headers = new Headers();
  for (const [name, value] of Object.entries(check.headers ?? {})) {
    const unknown = secretsIn(value).find((secret) => !Object.hasOwn(allowed.secrets, secret));
    if (unknown !== undefined) return no(`tidegate.yaml has no secret ${unknown} for ${host}`);
    headers.set(name, withSecrets(value, allowed.secrets));
  }
  const sent = check.method === 'POST' || check.method === 'PUT' ? check.body : undefined;
  const response = await fetch(check.url, {
    method: check.method,
    headers,
    redirect: 'manual',
    signal,
    ...(sent === undefined ? {} : { body: sent }),
  });
  const { status } = response;
  if (status !== check.expectStatus) {
    await response.body?.cancel();
    return no(`status ${status} instead of ${check.expectStatus}`);
  }
  if (check.expectBody === undefined) {
    await response.body?.cancel();
    return yes(`status ${status}`);
  }
  const found = (await beginningOf(response)).includes(check.expectBody);
  return found
    ? yes(`status ${status}, with the expected text`)
    : no(`status ${status}, without the expected text`);
}

async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let read = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (body === null) return text;
  for await (const chunk of body) {
    read += chunk.byteLength;
    text += decoder.decode(chunk, { stream: true });
    if (read >= MOST_BYTES) break;
  }
  return text + decoder.decode();
}

/** The question without what may be secret in it: the values of its query. */
export function httpText({ method, url }: HttpCheck): string {
  const { origin, pathname, search } = new URL(url);
  return `${method} ${origin}${pathname}${search === '' ? '' : '?…'}`;
}
