const CLOCK = '$flagd.timestamp';
const COMPARISONS = new Set(['<', '<=', '>', '>=']);

/**
 * Moments (seconds since 1970, ascending) at which flags of this document change for somebody without any write, as a
 * lease does that runs out. Null: the targeting uses the clock in a way that this does not follow, so any moment may be
 * one. `text` is flagd's JSON.
 */
export function turnsOf(text: string): readonly number[] | null {
  if (!text.includes(CLOCK)) return [];
  const found = new Set<number>();
  const known = search(JSON.parse(text), found);
  return known ? [...found].sort((a, b) => a - b) : null;
}

/** True when every use of the clock was a comparison with numbers, which are now among `found`. */
function search(value: unknown, found: Set<number>): boolean {
  if (Array.isArray(value)) return value.every((item) => search(item, found));
  if (typeof value !== 'object' || value === null) return value !== CLOCK;
  return Object.entries(value).every(([operator, operands]) => {
    if (!COMPARISONS.has(operator) || !Array.isArray(operands) || !operands.some(isClock))
      return search(operands, found);
    return operands.filter((operand) => !isClock(operand)).every((bound) => add(bound, found));
  });
}

function add(bound: unknown, found: Set<number>): boolean {
  if (typeof bound !== 'number') return false;
  // The clock counts whole seconds: `<` turns at the bound, `<=` a second later.
  found.add(Math.ceil(bound)).add(Math.floor(bound) + 1);
  return true;
}

function isClock(operand: unknown): boolean {
  if (typeof operand !== 'object' || operand === null || !('var' in operand)) return false;
  const { var: path } = operand;
  return path === CLOCK || (Array.isArray(path) && path.length === 1 && path[0] === CLOCK);
}
