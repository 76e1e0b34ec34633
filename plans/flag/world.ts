import type { FlagSpec } from './spec.ts';

/** Variants of a flag; the part of a shape that a definition is held against. */
export interface Variants {
  variants: Record<string, unknown>;
  baseline: string;
  canary: string;
  stickiness: string;
}

/** A flag as the review sees it. `spec` null: a rollout made it before there were definitions. */
export interface ReviewedFlag {
  key: string;
  shape: Variants;
  spec: FlagSpec | null;
}

/** What else there is in the flag's environment. */
export interface FlagWorld {
  flags: ReadonlyMap<string, ReviewedFlag>;
  segments: ReadonlyMap<string, { joinable: boolean }>;
}

/** One thing that is wrong with a definition, and where: `rules[2].give`. */
export interface FlagFault {
  path: string;
  message: string;
  instead: string;
}

export type Say = (path: readonly (string | number)[], message: string, instead: string) => void;
