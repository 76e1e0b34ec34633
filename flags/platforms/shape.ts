import type { FlagShape } from '../provider.ts';

/** True for a flag whose canary is plainly on and whose baseline is plainly off. */
export function isSwitch({ variants, canary, baseline }: FlagShape): boolean {
  return variants[canary] === true && variants[baseline] === false;
}

/** What the exposed users get. `variant`: of the exposure; null: the canary. */
export function exposedVariant({ canary }: FlagShape, variant: string | null): string {
  return variant ?? canary;
}
