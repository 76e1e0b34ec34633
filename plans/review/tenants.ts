import type { Path } from '../document.ts';
import { TENANT } from '../exclusion.ts';
import type { Plan } from '../plan.ts';
import { MOST_WAVES, wavesOf } from '../waves.ts';
import type { Remark, Review } from './context.ts';

/** Lists of tenants and the waves of them. */
export function reviewTenants(review: Review): void {
  const { plan, error, sound } = review;
  const rule = 'PLAN-TENANTS';
  const seen = new Map<string, string>();
  const { exclude } = plan;
  if (
    exclude !== undefined &&
    exclude.segments === undefined &&
    exclude.tenants === undefined &&
    sound(['exclude'])
  )
    error(['exclude'], {
      rule,
      message: 'nobody is named here',
      instead: '`tenants: [...]` or `segments: [...]`',
      key: true,
    });
  plan.stages.forEach((stage, index) => {
    const { audience, waves } = stage;
    const path = ['stages', index];
    if (!sound(path)) return;
    if (audience !== undefined && audience.segments === undefined && audience.tenants === undefined) {
      const message = 'nobody is named in this audience';
      error([...path, 'audience'], {
        rule: 'PLAN-STAGE',
        message,
        instead: '`segments: [...]` or `tenants: [...]`',
        key: true,
      });
    }
    const listed = audience?.tenants ?? waves?.of ?? [];
    const at: Path =
      audience?.tenants === undefined ? [...path, 'waves', 'of'] : [...path, 'audience', 'tenants'];
    listed.forEach((name, position) => {
      const before = seen.get(name);
      if (before !== undefined && sound(at)) {
        const where = before === stage.name ? 'twice in this list' : `already in stage "${before}"`;
        error([...at, position], {
          rule,
          message: `the tenant "${name}" is ${where}`,
          instead: 'each tenant once: who has the canary keeps it',
        });
      }
      seen.set(name, stage.name);
    });
    if (waves === undefined || !sound([...path, 'waves'])) return;
    (waves.order ?? []).forEach((name, position) => {
      if (waves.of.includes(name)) return;
      error([...path, 'waves', 'order', position], {
        rule,
        message: `"${name}" is none of the tenants in \`of\``,
        instead: 'a name that is there',
      });
    });
    const groups = wavesOf(waves).length;
    if (groups > MOST_WAVES) {
      const message = `${waves.of.length} tenants in waves of ${waves.size} are ${groups} stages`;
      error([...path, 'waves', 'size'], {
        rule,
        message,
        instead: `${Math.ceil(waves.of.length / MOST_WAVES)} or more`,
      });
    }
  });
}

/** A share of the tenants is a share by chance: of fewer than about fifty it may be none, or the largest of all. */
export function tenantRisks(plan: Plan, warn: (path: Path, remark: Remark) => void): void {
  const { stickiness, tenant = TENANT } = plan.flag;
  if (stickiness !== tenant) return;
  plan.stages.forEach(({ percent }, index) => {
    if (percent === undefined || percent === 100) return;
    const message = `${percent} percent of the tenants are drawn by chance, and the gate takes their requests for independent ones`;
    warn(['stages', index, 'percent'], {
      rule: 'PLAN-TENANT-SHARE',
      message,
      instead: 'under 50 tenants `audience: { tenants: [...] }`, or `waves` of them',
    });
  });
}
