import { type FlagDefinitionText, type FlagEntry, FlagSpec, readableSpec } from './spec.ts';
import type { Variants } from './world.ts';

/** The parts in which a flag is stored: its variants, and all else. */
export function contentsOf(text: FlagDefinitionText | FlagEntry): { shape: Variants; spec: FlagSpec } {
  const { variants, baseline, canary, stickiness } = text;
  const outside = ['variants', 'baseline', 'canary', 'stickiness', 'key', 'environments', 'percent', 'on'];
  const rest = Object.fromEntries(Object.entries(text).filter(([name]) => !outside.includes(name)));
  return { shape: { variants, baseline, canary, stickiness }, spec: FlagSpec.parse(rest) };
}

/** The same as one, as a person writes it. Null for a flag without an entry in the registry that can be read. */
export function textOf(flag: { shape: Variants; spec: FlagSpec | null }): FlagDefinitionText | null {
  const spec = readableSpec(flag.spec);
  if (spec === null) return null;
  const { variants, baseline, canary, stickiness } = flag.shape;
  // The spec and the shape together have the fields of the text by their own types.
  return { ...spec, variants, baseline, canary, stickiness } as FlagDefinitionText;
}
