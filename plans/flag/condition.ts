import { z } from 'zod';

/** An attribute of the evaluation context; names that begin with `$` are flagd's own. */
export const Attribute = z
  .string()
  .regex(/^[^$\s][^\s]*$/, 'expected the name of an attribute')
  .meta({ title: 'attribute of the context', examples: ['email'] });

const not = z.boolean().default(false).describe('Turns it round: also who lacks the attribute matches then.');

const VERSION =
  /^(?:=|!=|>=|<=|>|<|~|\^)?\s*(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** Matches when the attribute stands in `operator` to one of `values`. */
export const Condition = z.discriminatedUnion('operator', [
  z.strictObject({
    attribute: Attribute,
    operator: z.enum(['equals', 'in']),
    values: z
      .array(z.union([z.string(), z.number(), z.boolean()]))
      .min(1)
      .max(1000),
    not,
  }),
  z.strictObject({
    attribute: Attribute,
    operator: z.enum(['starts_with', 'ends_with']),
    values: z.array(z.string().min(1)).min(1).max(1000),
    not,
  }),
  z.strictObject({
    attribute: Attribute,
    operator: z.literal('semver'),
    values: z
      .array(
        z
          .string()
          .regex(VERSION, 'expected a version such as >=2.4.0')
          .meta({ title: 'version, such as >=2.4.0', examples: ['>=2.4.0'] }),
      )
      .min(1)
      .max(100),
    not,
  }),
  z.strictObject({
    attribute: Attribute,
    operator: z.enum(['above', 'at_least', 'below', 'at_most']),
    values: z.array(z.number()).min(1).max(100),
    not,
  }),
]);
export type Condition = z.infer<typeof Condition>;
