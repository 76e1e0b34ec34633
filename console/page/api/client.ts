import type { CallerReply } from '../../../server/api/access.ts';
import type { RetryReply, RetryRequest } from '../../../server/api/after.ts';
import type { ActionReply, ActionRequest, KillReply, Problem } from '../../../server/api.ts';

/** A refusal of the server in words for people, or no answer at all. */
export class Refused extends Error {
  readonly code: string;
  readonly status: number;
  readonly hint: string;
  readonly details: readonly string[];

  constructor({ code, status, detail, hint, details }: Omit<Problem, 'type' | 'title' | 'where'>) {
    super(detail);
    this.code = code;
    this.status = status;
    this.hint = hint;
    this.details = details;
  }
}

const BASE = '/api/v1';
const PATIENCE_MS = 30_000;
const AGAIN_MS = 700;
/** Six weeks of polls are read in less. */
const READ_WITHIN_MS = 10 * 60_000;
let csrf: string | null = null;

/** Each change says so, since a cookie alone travels with what other pages send, too. */
export function rememberCsrf(caller: CallerReply): void {
  csrf = caller.csrf;
}

/** @throws Refused */
export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>(path, signal === undefined ? {} : { signal });
}

/** `key`: the same for each try of one deed, so that it is done once; a login takes none. @throws Refused */
export function post<T>(path: string, body: unknown, key?: string): Promise<T> {
  return call<T>(path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
  });
}

/** @throws Refused */
export function remove(path: string): Promise<null> {
  return call<null>(path, { method: 'DELETE' });
}

/** Whoever may act for others says for whom. */
export interface Acting {
  by?: string;
  roles?: string[];
}

export type Deed = Pick<ActionReply, 'summary'> & { told: boolean };

/** Carries out a decision on a rollout. `kill` goes past every queue, to the flag itself. */
export async function act(
  action: string,
  target: { id: string; flag: string; environment: string },
  request: Partial<ActionRequest> & Acting & { key: string },
): Promise<Deed> {
  const { key, ...body } = request;
  if (action !== 'kill') {
    const path = `/rollouts/${encodeURIComponent(target.id)}/actions/${action}`;
    const { summary } = await post<ActionReply>(path, body, key);
    return { summary, told: true };
  }
  const { by, roles, reason } = body;
  const place = `/flags/${encodeURIComponent(target.flag)}/kill?environment=${encodeURIComponent(target.environment)}`;
  const sent = { by, roles, ...(reason == null ? {} : { reason }) };
  const { workflowTold, exposure } = await post<KillReply>(place, sent, key);
  const left = exposure.percent === 0 && exposure.segments.length === 0 ? 'nobody' : `${exposure.percent} %`;
  return { summary: `Killed: ${left} has the new path now.`, told: workflowTold };
}

/** A new rollout of the same plan in the place of one that is over. @throws Refused */
export async function retry(
  id: string,
  request: Pick<RetryRequest, 'from' | 'reason' | 'build' | 'accept'> & Acting & { key: string },
): Promise<Deed> {
  const { key, ...body } = request;
  const path = `/rollouts/${encodeURIComponent(id)}/retry`;
  const done = await post<RetryReply>(path, body, key);
  return { summary: `${done.id} begins at stage ${done.stage}. ${done.evidence}`, told: true };
}

/** Asks again for as long as the server is still reading what it needs for the answer. */
async function call<T>(path: string, init: RequestInit): Promise<T> {
  const end = performance.now() + READ_WITHIN_MS;
  for (;;) {
    try {
      return await once<T>(path, init);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'STILL_READING' || performance.now() > end)
        throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      init.signal?.throwIfAborted();
    }
  }
}

async function once<T>(path: string, init: RequestInit): Promise<T> {
  const headers = new Headers(init.headers);
  if (init.method !== undefined && csrf !== null) headers.set('x-tidegate-csrf', csrf);
  const limit = AbortSignal.timeout(PATIENCE_MS);
  const signal = init.signal == null ? limit : AbortSignal.any([init.signal, limit]);
  let response: Response;
  try {
    response = await fetch(BASE + path, { ...init, headers, signal });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new Refused({
      code: 'UNREACHABLE',
      status: 0,
      detail: 'The server does not answer.',
      hint: 'Look at your connection. `tidegate kill FLAG --direct` works without the server.',
      details: [],
    });
  }
  if (response.ok) return response.status === 204 ? (null as T) : ((await response.json()) as T);
  throw new Refused(await problemOf(response));
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem;
  } catch {
    const detail = `The server answered HTTP ${response.status}.`;
    return {
      type: '',
      title: '',
      code: 'UNREACHABLE',
      status: response.status,
      detail,
      hint: '',
      details: [],
    };
  }
}
