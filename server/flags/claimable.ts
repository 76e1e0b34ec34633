import { Failure } from '../../plans/failures.ts';
import { faultText, reviewFlagSpec } from '../../plans/flag/review.ts';
import { servedHereOnly } from '../../plans/flag/served-here.ts';
import type { Plan } from '../../plans/plan.ts';
import type { FlagState } from '../../store/flag-contract.ts';

/** Why a rollout could not take the flag: where in the plan, what, why that matters, and what to write instead. */
export interface ClaimFault {
  path: string;
  message: string;
  why: string;
  instead: string;
  details: string[];
}

/**
 * How a plan contradicts a definition that is there, in its variants or by a platform that would leave out whom the definition keeps from
 * the canary; null: not at all. `flag` null: the plan makes it.
 */
export function claimFault({ flag: planned }: Plan, flag: FlagState | null): ClaimFault | null {
  if (flag === null || flag.spec === null) return null;
  if (flag.spec.kind === 'multivariate') {
    const instead = 'a flag without a split, or `tidegate flags edit` it first';
    return {
      path: 'flag.key',
      message: `The flag ${flag.key} is split by its definition, and a rollout compares two variants.`,
      why: '',
      instead,
      details: [`flag.key: a multivariate flag. Instead: ${instead}`],
    };
  }
  const only = planned.provider === 'embedded' ? [] : servedHereOnly(flag.spec);
  if (only.length > 0) {
    const parts = only.map((part) => `\`${part}\``).join(', ');
    const instead = `\`provider: embedded\` in the plan, or take them out of the definition: \`tidegate flags edit ${flag.key}\``;
    return {
      path: 'flag.provider',
      message: `"${planned.provider}" would serve ${flag.key} without its ${only.join(', ')}.`,
      why: `it is told of the exposure alone, so those whom ${parts} keep from the canary would get it`,
      instead,
      details: [
        `flag.provider: "${planned.provider}" is told of the exposure alone, and the definition has ${parts}`,
        instead,
      ],
    };
  }
  const { baseline, canary, stickiness } = planned;
  const values = planned.variants ?? { [canary]: true, [baseline]: false };
  const shape = { variants: { ...flag.shape.variants, ...values }, baseline, canary, stickiness };
  const world = { flags: new Map(), segments: new Map() };
  const faults = reviewFlagSpec({ key: flag.key, shape, spec: null }, world).map(faultText);
  if (faults.length === 0) return null;
  const there = Object.keys(flag.shape.variants).join(', ');
  const instead = `the flag has ${there}: name its \`baseline\` and \`canary\` and their values in the plan`;
  return {
    path: 'flag',
    message: `The variants of the plan and of ${flag.key} do not go together.`,
    why: faults.join('; '),
    instead,
    details: [...faults.map((fault) => `flag.${fault}`), instead],
  };
}

/** @throws Failure FLAG_INVALID with what to write in the plan */
export function refuseUnclaimable(plan: Plan, flag: FlagState | null, file: string): void {
  const fault = claimFault(plan, flag);
  if (fault === null) return;
  const { path, message, details } = fault;
  const place = path === 'flag.key' ? 'flag' : path;
  throw new Failure('FLAG_INVALID', message, { where: `${file}: ${place}`, details });
}

/** The fault in one sentence, for who reads a finding. */
export function claimText({ message, why }: ClaimFault): string {
  return why === '' ? message : `${message.replace(/\.$/, '')}: ${why}`;
}
