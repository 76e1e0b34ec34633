import type { Path } from '../document.ts';
import { TENANT } from '../exclusion.ts';
import type { Plan } from '../plan.ts';
import type { Waves } from '../stage.ts';
import { listed as equal, MOST_WAVES, wavesOf } from '../waves.ts';
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
    const named = [audience?.segments, audience?.tenants, audience?.tenantsFrom];
    if (audience !== undefined && named.every((one) => one === undefined)) {
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
    if (audience?.tenants !== undefined && audience.tenantsFrom !== undefined)
      error([...path, 'audience', 'tenantsFrom'], {
        rule,
        message: 'the tenants are listed and asked for',
        instead: 'one of `tenants` and `tenantsFrom`',
        key: true,
      });
    if (waves !== undefined && sound([...path, 'waves'])) reviewWaves(review, waves, [...path, 'waves']);
  });
}

function reviewWaves({ error }: Review, waves: Waves, path: Path): void {
  const rule = 'PLAN-TENANTS';
  const { of, from, size, share, order = [] } = waves;
  if ((of === undefined) === (from === undefined)) {
    const message =
      of === undefined ? 'nothing says who is in these waves' : 'the tenants are listed and asked for';
    error(of === undefined ? path : [...path, 'from'], {
      rule,
      message,
      instead: 'one of `of: [...]` and `from: { database: NAME, query: SELECT }`',
      key: true,
    });
  }
  if ((size === undefined) === (share === undefined)) {
    const message =
      size === undefined ? 'nothing says how large a wave is' : 'a wave has a number of tenants and a share';
    error(size === undefined ? path : [...path, 'share'], {
      rule,
      message,
      instead: 'one of `size: 10` and `share: [5%, 25%, 100%]`',
      key: true,
    });
  }
  share?.forEach((one, index) => {
    const before = share[index - 1] ?? 0;
    if (one > before && one <= 1) return;
    error([...path, 'share', index], {
      rule,
      message: one > 1 ? 'no share is over 100 percent' : 'a wave has nobody whom the one before had not',
      instead: 'shares that grow, the last one at most 100%',
    });
  });
  if (of === undefined) return;
  order.forEach((name, position) => {
    if (of.includes(name)) return;
    error([...path, 'order', position], {
      rule,
      message: `"${name}" is none of the tenants in \`of\``,
      instead: 'a name that is there',
    });
  });
  const groups = wavesOf(equal(of), waves);
  if (size !== undefined && groups.length > MOST_WAVES)
    error([...path, 'size'], {
      rule,
      message: `${of.length} tenants in waves of ${size} are ${groups.length} stages`,
      instead: `${Math.ceil(of.length / MOST_WAVES)} or more`,
    });
  const empty = groups.findIndex((group) => group.length === 0);
  if (share !== undefined && empty >= 0)
    error([...path, 'share', empty], {
      rule,
      message: `no tenant fits into this wave: each is ${Number((100 / of.length).toPrecision(3))} percent of them`,
      instead: 'a larger share, or one less',
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
