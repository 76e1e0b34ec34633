import type { FlagSpec } from './spec.ts';

/**
 * The parts of a definition that only Tidegate's own delivery carries out: another platform is told of the exposure alone,
 * and would give the canary to whom they keep from it.
 */
export function servedHereOnly(spec: FlagSpec): string[] {
  const parts = {
    exclude: spec.exclude.length > 0,
    requires: spec.requires.length > 0,
    optIn: spec.optIn.length > 0,
    who: spec.kind === 'targeting',
    rules: (spec.kind === 'rule' || spec.kind === 'multivariate') && spec.rules.length > 0,
    split: spec.kind === 'multivariate',
    mode: spec.mode !== undefined && spec.mode !== 'live',
    drill: spec.drill !== undefined,
  };
  return Object.entries(parts).flatMap(([part, there]) => (there ? [part] : []));
}
