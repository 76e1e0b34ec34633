import { z } from 'zod';
import { Key, Name } from '../names.ts';
import { Attribute, Condition } from './condition.ts';

const unit = (value: number) => Math.abs(value * 100 - Math.round(value * 100)) < 1e-6;
const Percent = z
  .number()
  .min(0)
  .max(100)
  .refine(unit, 'the unit is 0.01 %')
  .meta({ title: 'number of percent', examples: [25] });

const Share = z.strictObject({ variant: Name, percent: Percent });
/** The shares of the variants, which sum to 100 %. Their order is part of the split: new ones come last. */
export const Split = z.array(Share).min(2).max(50);
export type Split = z.infer<typeof Split>;

/** Several conditions and segments, joined by `match`. Without any it matches everybody. */
const when = {
  match: z
    .enum(['any', 'all'])
    .default('all')
    .describe('How many of the conditions and segments must match.'),
  when: z.array(Condition).max(100).default([]),
  segments: z.array(Name).max(100).default([]),
};

export const FlagRule = z.strictObject({
  name: z.string().max(100).default('').describe('For people.'),
  ...when,
  give: z.union([Name, Split]).describe('A variant, or a split.'),
});
export type FlagRule = z.infer<typeof FlagRule>;

const Prerequisite = z.strictObject({
  flag: Key.describe('A flag of the same environment.'),
  variants: z.array(Name).min(1).describe('The variants that it must give, one of them.'),
});
export type Prerequisite = z.infer<typeof Prerequisite>;

/** How the dispatcher of `tidegate/client` serves a flag. */
const Mode = z.enum(['live', 'shadow', 'dark', 'aa']);

/** The new path made bad on purpose, for applications that take part. */
const Drill = z
  .strictObject({
    errorRate: z.number().min(0).max(1).default(0).describe('Share of the requests that fail.'),
    latencyMs: z.int().min(0).max(60_000).default(0).describe('By how much the others are late.'),
    percent: z.number().gt(0).max(100).default(5).describe('Share of the users of the canary.'),
  })
  .refine(({ errorRate, latencyMs }) => errorRate > 0 || latencyMs > 0, 'it breaks nothing');
export type Drill = z.infer<typeof Drill>;

const common = {
  description: z.string().max(1000).default('').describe('What it switches, in a sentence.'),
  owner: z.string().min(1).nullable().default(null).describe('The team to ask.'),
  purpose: z.enum(['release', 'experiment', 'permission', 'ops']).default('release'),
  flagSet: Key.optional().describe(
    'A named part of the environment: clients can ask for its flags alone. Without one, for all flags or none.',
  ),
  expires: z.iso
    .date()
    .nullable()
    .default(null)
    .describe('When it should be gone; release and experiment flags need it.'),
  exclude: z
    .array(Name)
    .max(100)
    .default([])
    .describe('Segments that get the baseline, whatever comes after.'),
  requires: z
    .array(Prerequisite)
    .max(10)
    .default([])
    .describe('Flags that must give a variant; else the baseline.'),
  optIn: z
    .array(Name)
    .max(20)
    .default([])
    .describe('Joinable segments: who left one gets the baseline, who joined one gets the canary.'),
  mode: Mode.optional().describe(
    'How `tidegate/client` serves the new path, where the application does not say.',
  ),
  drill: Drill.optional().describe('A failure on purpose, in applications with `drills: true`.'),
};

const KINDS = [
  { kind: z.literal('boolean'), ...common },
  { kind: z.literal('percentage'), ...common },
  {
    kind: z.literal('targeting'),
    ...common,
    who: z
      .strictObject({ ...when, match: when.match.unwrap().default('any') })
      .describe('Who gets the canary.'),
  },
  {
    kind: z.literal('rule'),
    ...common,
    rules: z.array(FlagRule).min(1).max(100).describe('The first that matches decides.'),
  },
  {
    kind: z.literal('multivariate'),
    ...common,
    rules: z
      .array(FlagRule)
      .max(100)
      .default([])
      .describe('The first that matches decides, before the split.'),
    split: Split.describe('What the users of the exposure get.'),
  },
] as const;

/** What a flag is beside its variants and its exposure: who gets what, and whom to ask. */
export const FlagSpec = z.discriminatedUnion('kind', [
  z.strictObject(KINDS[0]),
  z.strictObject(KINDS[1]),
  z.strictObject(KINDS[2]),
  z.strictObject(KINDS[3]),
  z.strictObject(KINDS[4]),
]);
export type FlagSpec = z.infer<typeof FlagSpec>;

const shape = {
  variants: z
    .record(Name, z.json())
    .default({ on: true, off: false })
    .describe('The values of the variants, all of one type.'),
  baseline: Name.default('off').describe('What everybody gets while nothing else is said.'),
  canary: Name.default('on').describe('What the exposure, the audience and opt-ins give.'),
  stickiness: Attribute.default('targetingKey').describe('The attribute that keeps a user in a cohort.'),
};

/** Variants, and what a flag is beside them: everything of a flag but its exposure. */
export const FlagDefinitionText = z.discriminatedUnion('kind', [
  z.strictObject({ ...KINDS[0], ...shape }),
  z.strictObject({ ...KINDS[1], ...shape }),
  z.strictObject({ ...KINDS[2], ...shape }),
  z.strictObject({ ...KINDS[3], ...shape }),
  z.strictObject({ ...KINDS[4], ...shape }),
]);
export type FlagDefinitionText = z.infer<typeof FlagDefinitionText>;

const placed = {
  key: Key,
  environments: z.array(Key).min(1).default(['production']),
  percent: Percent.optional().describe('The exposure, where the file is to set it.'),
  on: z
    .boolean()
    .optional()
    .describe('The same as 100 or 0 percent; of targeting and rules: whether they apply.'),
};

/** A flag as it stands in a file of `tidegate flags apply`. */
export const FlagEntry = z.discriminatedUnion('kind', [
  z.strictObject({ ...placed, ...KINDS[0], ...shape }),
  z.strictObject({ ...placed, ...KINDS[1], ...shape }),
  z.strictObject({ ...placed, ...KINDS[2], ...shape }),
  z.strictObject({ ...placed, ...KINDS[3], ...shape }),
  z.strictObject({ ...placed, ...KINDS[4], ...shape }),
]);
export type FlagEntry = z.infer<typeof FlagEntry>;

export function rulesOf(spec: FlagSpec): FlagRule[] {
  switch (spec.kind) {
    case 'rule':
    case 'multivariate':
      return spec.rules;
    case 'boolean':
    case 'percentage':
    case 'targeting':
      return [];
  }
}

/** Every segment that a flag names, with its place. */
export function segmentsOf(spec: FlagSpec): { name: string; path: (string | number)[] }[] {
  const list = (names: readonly string[], path: (string | number)[]) =>
    names.map((name, index) => ({ name, path: [...path, index] }));
  return [
    ...list(spec.exclude, ['exclude']),
    ...list(spec.optIn, ['optIn']),
    ...(spec.kind === 'targeting' ? list(spec.who.segments, ['who', 'segments']) : []),
    ...rulesOf(spec).flatMap((rule, index) => list(rule.segments, ['rules', index, 'segments'])),
  ];
}

/** A stored definition that this version understands; null for any other. */
export function readableSpec(stored: unknown): FlagSpec | null {
  return FlagSpec.safeParse(stored).data ?? null;
}
