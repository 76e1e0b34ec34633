import type { Review } from './context.ts';

/** The variants of the flag, and where a stop ends. */
export function reviewFlag({ plan, error, sound }: Review): void {
  const { flag, reversibility, safeExposure } = plan;
  if (flag.baseline === flag.canary && sound(['flag', 'canary']) && sound(['flag', 'baseline'])) {
    const message = `baseline and canary are both "${flag.canary}"`;
    error(['flag', 'canary'], { rule: 'PLAN-FLAG', message, instead: 'two different variants' });
  }
  const { variants } = flag;
  for (const name of new Set([flag.baseline, flag.canary])) {
    if (variants === undefined || Object.hasOwn(variants, name) || !sound(['flag'])) continue;
    const message = `the variant "${name}" has no value`;
    error(['flag', 'variants'], { rule: 'PLAN-FLAG', message, instead: `add \`${name}: ...\``, key: true });
  }
  reviewFlagSet({ plan, error, sound });
  if (reversibility === 'forward-only' && safeExposure === undefined) {
    const instead = 'add `safeExposure: frozen` (stay as it is) or `safeExposure: { variant: NAME }`';
    error(['reversibility'], {
      rule: 'PLAN-SAFE-EXPOSURE',
      message: 'nothing says where a stop of a forward-only plan ends',
      instead,
    });
  }
  if (reversibility === 'reversible' && safeExposure !== undefined && sound(['reversibility'])) {
    const message = 'a reversible plan always goes back to nobody';
    const instead = 'take it out, or write `reversibility: forward-only`';
    error(['safeExposure'], { rule: 'PLAN-SAFE-EXPOSURE', message, instead, key: true });
  }
  if (safeExposure === 'frozen' && plan.policy.soft === 'step-back' && sound(['policy', 'soft'])) {
    const message = 'a frozen exposure has nothing to step back to';
    error(['policy', 'soft'], {
      rule: 'PLAN-SAFE-EXPOSURE',
      message,
      instead: '`pause`, or `safeExposure: { variant: NAME }`',
    });
  }
  if (
    reversibility === 'forward-only' &&
    plan.policy.rollback === 'progressive' &&
    sound(['policy', 'rollback'])
  ) {
    const message = 'no stage below is safe for who has the canary of a forward-only plan';
    error(['policy', 'rollback'], { rule: 'PLAN-SAFE-EXPOSURE', message, instead: '`immediate`' });
  }
  if (safeExposure === undefined || safeExposure === 'frozen' || !sound(['safeExposure'])) return;
  const { variant } = safeExposure;
  const path = ['safeExposure', 'variant'];
  if (variant === flag.baseline || variant === flag.canary) {
    const isCanary = variant === flag.canary;
    const message = isCanary
      ? 'the canary is what a stop leaves'
      : 'the old path cannot read what the canary has written';
    const instead = isCanary
      ? '`safeExposure: frozen` to stay as it is, or a third variant'
      : 'a third variant, which disables the feature';
    error(path, { rule: 'PLAN-SAFE-EXPOSURE', message, instead });
  } else if (variants === undefined || !Object.hasOwn(variants, variant)) {
    const message = `the variant "${variant}" has no value`;
    error(path, {
      rule: 'PLAN-SAFE-EXPOSURE',
      message,
      instead: `name all three in \`flag.variants\`, with \`${variant}: ...\``,
    });
  }
}

function reviewFlagSet({ plan, error, sound }: Pick<Review, 'plan' | 'error' | 'sound'>): void {
  const { flag, environment } = plan;
  const path = ['flag', 'flagSet'];
  if (flag.flagSet === undefined || !sound(path)) return;
  if (flag.flagSet === environment && sound(['environment'])) {
    const message = 'all flags of an environment have its name';
    error(path, { rule: 'PLAN-FLAG', message, instead: 'another name, or none' });
  }
  if (flag.provider !== 'embedded' && sound(['flag', 'provider'])) {
    const message = `flags of ${flag.provider} are in none of Tidegate's flag sets`;
    error(path, { rule: 'PLAN-FLAG', message, instead: 'take it out', key: true });
  }
}
