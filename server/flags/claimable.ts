import { Failure } from '../../plans/failures.ts';
import { faultText, reviewFlagSpec } from '../../plans/flag/review.ts';
import { servedHereOnly } from '../../plans/flag/served-here.ts';
import type { Plan } from '../../plans/plan.ts';
import type { FlagState } from '../../store/flag-contract.ts';

/**
 * Refuses a plan that contradicts a definition that is there, in its variants or by a platform that would leave out whom the
 * definition keeps from the canary: `FLAG_INVALID` with what to write in the plan. Null: the plan makes the flag.
 */
export function refuseUnclaimable({ flag: planned }: Plan, flag: FlagState | null, file: string): void {
  if (flag === null || flag.spec === null) return;
  const refuse = (message: string, details: string[], place = 'flag') => {
    throw new Failure('FLAG_INVALID', message, { where: `${file}: ${place}`, details });
  };
  if (flag.spec.kind === 'multivariate') {
    refuse(`The flag ${flag.key} is split by its definition, and a rollout compares two variants.`, [
      'flag.key: a multivariate flag. Instead: a flag without a split, or `tidegate flags edit` it first',
    ]);
  }
  const only = planned.provider === 'embedded' ? [] : servedHereOnly(flag.spec);
  if (only.length > 0)
    refuse(
      `"${planned.provider}" would serve ${flag.key} without its ${only.join(', ')}.`,
      [
        `flag.provider: "${planned.provider}" is told of the exposure alone, and the definition has ${only.map((part) => `\`${part}\``).join(', ')}`,
        `\`provider: embedded\` in the plan, or take them out of the definition: \`tidegate flags edit ${flag.key}\``,
      ],
      'flag.provider',
    );
  const { baseline, canary, stickiness } = planned;
  const values = planned.variants ?? { [canary]: true, [baseline]: false };
  const shape = { variants: { ...flag.shape.variants, ...values }, baseline, canary, stickiness };
  const world = { flags: new Map(), segments: new Map() };
  const details = reviewFlagSpec({ key: flag.key, shape, spec: null }, world).map(faultText);
  const there = Object.keys(flag.shape.variants).join(', ');
  if (details.length > 0)
    refuse(`The variants of the plan and of ${flag.key} do not go together.`, [
      ...details.map((detail) => `flag.${detail}`),
      `the flag has ${there}: name its \`baseline\` and \`canary\` and their values in the plan`,
    ]);
}
