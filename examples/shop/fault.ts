/** What makes one path bad on purpose. A field that is null matches everything. */
export interface Fault {
  flag: string | null;
  endpoint: string | null;
  /** Absent: everybody's requests. */
  tenant?: string | null;
  /** Share of the requests that fail, 0 to 1. */
  errorRate: number;
  /** Milliseconds added to every request. */
  latencyMs: number;
  /** Share of the answers that are fast, without an error, and wrong, 0 to 1: each total is a cent too high. Default 0. */
  wrongRate?: number;
}

export interface ActiveFault extends Fault {
  /** Epoch milliseconds of its start. */
  since: number;
}

/** A checkout that fails four times in ten and is slow, as a bad release of `checkout-v2` would be. */
export const BAD_CHECKOUT: Fault = {
  flag: 'checkout-v2',
  endpoint: 'POST /checkout',
  errorRate: 0.4,
  latencyMs: 300,
};

/** Reads a fault from a request's body. Throws `TypeError` with what is wrong. */
export function parseFault(body: unknown): Fault {
  if (typeof body !== 'object' || body === null) throw new TypeError('A fault is a JSON object.');
  const fields = new Map(Object.entries(body));
  return {
    flag: text(fields, 'flag'),
    endpoint: text(fields, 'endpoint'),
    tenant: text(fields, 'tenant'),
    errorRate: number(fields, { name: 'errorRate', most: 1 }),
    latencyMs: number(fields, { name: 'latencyMs', most: 60_000 }),
    wrongRate: number(fields, { name: 'wrongRate', most: 1 }),
  };
}

export function hits(fault: Fault, request: { flag: string; endpoint: string; tenant?: string }): boolean {
  return (
    (fault.flag === null || fault.flag === request.flag) &&
    (fault.endpoint === null || fault.endpoint === request.endpoint) &&
    (fault.tenant == null || fault.tenant === request.tenant)
  );
}

function text(fields: Map<string, unknown>, name: string): string | null {
  const value = fields.get(name) ?? null;
  if (value !== null && typeof value !== 'string') throw new TypeError(`${name} is a text or left out.`);
  return value;
}

function number(fields: Map<string, unknown>, { name, most }: { name: string; most: number }): number {
  const value = fields.get(name) ?? 0;
  if (typeof value !== 'number' || !(value >= 0 && value <= most)) {
    throw new TypeError(`${name} is a number from 0 to ${most}.`);
  }
  return value;
}
