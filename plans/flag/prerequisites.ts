import type { FlagSpec } from './spec.ts';
import type { FlagWorld, ReviewedFlag, Say } from './world.ts';

/** Prerequisites of prerequisites, so deep at most: each level stands in the definition of all above it. */
export const DEPTH_LIMIT = 5;

/** Unknown flags and variants, cycles with their way, chains that are too long, and flags that need a variant gone. */
export function prerequisiteFaults(
  flag: ReviewedFlag,
  spec: FlagSpec,
  { world, say }: { world: FlagWorld; say: Say },
): void {
  const flags = new Map(world.flags).set(flag.key, flag);
  spec.requires.forEach(({ flag: key, variants }, index) => {
    const path = ['requires', index];
    const needed = flags.get(key);
    if (needed === undefined) {
      say([...path, 'flag'], `there is no flag "${key}" in this environment`, near(world, key));
      return;
    }
    variants.forEach((variant, at) => {
      if (Object.hasOwn(needed.shape.variants, variant)) return;
      const there = Object.keys(needed.shape.variants).join(', ');
      say([...path, 'variants', at], `${key} has no variant "${variant}"`, `one of ${there}`);
    });
    const way = chain(flags, [flag.key, key], flag.key);
    if (way.at(-1) === flag.key)
      say([...path, 'flag'], `a circle: ${way.join(' → ')}`, 'take one of them out');
    else if (way.length - 1 > DEPTH_LIMIT)
      say(
        [...path, 'flag'],
        `${way.length - 1} flags need each other: ${way.join(' → ')}`,
        `${DEPTH_LIMIT} at most`,
      );
  });
  for (const other of world.flags.values()) {
    if (other.key === flag.key) continue;
    for (const { flag: key, variants } of other.spec?.requires ?? []) {
      const gone =
        key === flag.key ? variants.find((name) => !Object.hasOwn(flag.shape.variants, name)) : undefined;
      if (gone !== undefined)
        say(
          ['variants'],
          `${other.key} needs the variant "${gone}" of this flag`,
          `keep it, or change ${other.key} first`,
        );
    }
  }
}

/** The longest way on from the last of `way`, or one that comes back to `start`, or to any flag of the way. */
function chain(flags: ReadonlyMap<string, ReviewedFlag>, way: string[], start: string): string[] {
  const last = way.at(-1) ?? start;
  if (way.indexOf(last) < way.length - 1) return way;
  let longest = way;
  for (const { flag } of flags.get(last)?.spec?.requires ?? []) {
    const found = chain(flags, [...way, flag], start);
    if (found.at(-1) === start) return found;
    if (found.length > longest.length) longest = found;
  }
  return longest;
}

function near({ flags }: FlagWorld, key: string): string {
  const keys = [...flags.keys()].filter((name) => name !== key);
  return keys.length === 0
    ? 'make it first'
    : `make it first, or one of ${keys.toSorted().slice(0, 12).join(', ')}`;
}
