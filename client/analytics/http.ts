import type { Answer } from './delivery.ts';

export interface Reply {
  status: number;
  /** The parsed body, an empty object where it is no JSON object. */
  body: Record<string, unknown>;
  /** Milliseconds, from Retry-After. */
  retryAfterMs: number | null;
}

export interface Post {
  url: string;
  headers: Record<string, string>;
  body: string | Uint8Array<ArrayBuffer>;
  signal: AbortSignal;
}

/** Rejects when there is no answer. */
export async function post({ url, headers, body, signal }: Post): Promise<Reply> {
  const response = await fetch(url, { method: 'POST', headers, body, signal });
  const text = await response.text();
  return {
    status: response.status,
    body: objectOf(text),
    retryAfterMs: retryAfter(response.headers.get('retry-after')),
  };
}

/** What any receiver means by a status that says nothing of single events. */
export function generalAnswer({ status, body, retryAfterMs }: Reply): Answer {
  const said = typeof body['error'] === 'string' ? `${status} ${body['error']}` : String(status);
  if (status >= 200 && status < 300) return { kind: 'taken', rejected: [], why: '' };
  if (status === 413) return { kind: 'too-large' };
  if (status === 408 || status === 429 || status >= 500) {
    return { kind: 'again', afterMs: retryAfterMs, drop: [], why: said };
  }
  return { kind: 'refused', why: said };
}

/** The numbers of a list, and nothing else that a receiver might send there. */
export function indexes(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.flatMap((one) => (typeof one === 'number' && Number.isInteger(one) ? [one] : []));
}

function retryAfter(header: string | null): number | null {
  if (header === null) return null;
  const seconds = Number(header);
  const milliseconds = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1_000;
  return Number.isNaN(milliseconds) ? null : Math.max(0, Math.min(milliseconds, 600_000));
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
