import { z } from 'zod';
import { Duration } from './units.ts';

/** Tenants of one stage, whether they are listed or asked for. */
export const MOST_TENANTS = 2000;

export const TenantQuery = z.strictObject({
  database: z.string().min(1).describe('One of `checks.databases` in tidegate.yaml.'),
  query: z
    .string()
    .min(1)
    .describe(
      'One statement that reads: the first column is the tenant, the second, if there is one, its weight, such as its users.',
    ),
  most: z
    .int()
    .min(1)
    .max(MOST_TENANTS)
    .default(MOST_TENANTS)
    .describe('More tenants than that are refused.'),
  timeout: Duration.refine((seconds) => seconds > 0 && seconds <= 30, 'expected more than 0 and at most 30s')
    .prefault('10s')
    .describe('How long the query may take, at most 30s.'),
});
export type TenantQuery = z.infer<typeof TenantQuery>;

/** A tenant and what it counts for, such as its users. */
export interface Tenant {
  name: string;
  weight: number;
}

/** What a database said: the columns of each row, at most one row more than `most`; or why it said nothing. */
export type TenantReply =
  | { kind: 'rows'; rows: readonly (readonly unknown[])[]; seconds: number }
  | { kind: 'silent'; why: string };

/** Who asks. */
export type AskTenants = (query: TenantQuery) => Promise<TenantReply>;
