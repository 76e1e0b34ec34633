import { type Exposure, isNobody, isServed, NO_EXPOSURE, sameExposure } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import { faultText, reviewFlagSpec } from '../plans/flag/review.ts';
import { FlagSpec } from '../plans/flag/spec.ts';
import { stable } from '../plans/flag/stable.ts';
import type { ReviewedFlag } from '../plans/flag/world.ts';
import type { Queries } from './connection.ts';
import type { FlagState, FlagTarget } from './flag-contract.ts';
import { type Author, changeFlag, findFlag, key, locked, named } from './flag-rows.ts';
import { lowers } from './flag-rules.ts';
import type { FlagWorlds } from './flag-worlds.ts';
import { oneAtATime } from './locks.ts';
import type { FlagContents } from './registry-contract.ts';
import { flags } from './schema.ts';

/** Somebody moves a flag by hand, which is drift for a rollout that owns it. Through a latch only downwards. */
export async function moveByHand(
  queries: Queries,
  target: FlagTarget,
  { exposure, live: asked }: { exposure: Exposure; live?: boolean },
  by: Author,
): Promise<FlagState> {
  const flag = await locked(queries, target);
  // Through a latch nothing brings rules back, unasked least of all.
  const live = asked ?? (isServed(exposure) && (flag.live || flag.latch === null));
  if (sameExposure(exposure, flag.exposure) && live === flag.live) return flag;
  const down = lowers(exposure, flag.exposure, flag.shape.canary) && (flag.live || !live);
  if (flag.latch !== null && !down) throw latched(flag);
  return changeFlag(queries, { ...flag, exposure, live, lease: null }, by);
}

/**
 * Makes a flag, at nobody, or changes what it is; null `expected` makes it only if there is none. The exposure stays.
 * What is not right, also together with the other flags, is `FLAG_INVALID` with every place.
 */
export async function putFlag(
  queries: Queries,
  target: FlagTarget,
  wanted: FlagContents & { worlds: FlagWorlds; create: boolean },
  by: Author,
): Promise<FlagState> {
  await oneAtATime(queries, 'definitions');
  const present = await findFlag(queries, target, { lock: true });
  if (present !== null && wanted.create)
    throw new Failure('FLAG_EXISTS', `There is a ${named(target)} already.`);
  const { shape, spec } = wanted;
  if (present !== null && sameContents(present, wanted)) return present;
  if (present !== null && !sameService(present, wanted)) refuseForeign(present);
  const { environment } = target;
  await review({ key: target.key, environment, shape, spec }, wanted.worlds, present);
  if (present === null) {
    await queries.insert(flags).values({
      ...key(target),
      ...shape,
      spec,
      exposure: NO_EXPOSURE,
      revision: 0,
      epoch: 0,
      updatedBy: by.author,
    });
    return putIn(wanted.worlds, await changeFlag(queries, await locked(queries, target), by));
  }
  mayEdit(present, wanted);
  const next = { ...present, spec, shape: { ...present.shape, ...shape } };
  return putIn(wanted.worlds, await changeFlag(queries, next, by));
}

function putIn(worlds: FlagWorlds, flag: FlagState): FlagState {
  worlds.put(flag);
  return flag;
}

export function sameContents(flag: FlagState, { shape, spec }: FlagContents): boolean {
  const { safe: _safe, provider: _provider, ...present } = flag.shape;
  return stable(present) === stable(shape) && stable(flag.spec) === stable(spec);
}

/** What a flag is for people: no platform is told of it, and it decides nobody's variant. */
const FOR_PEOPLE = { description: '', owner: null, purpose: 'release', expires: null } as const;

/** Whether nothing but that differs. */
export function sameService(flag: FlagState, { shape, spec }: FlagContents): boolean {
  const before = flag.spec ?? FlagSpec.parse({ kind: 'percentage' });
  return sameContents(
    { ...flag, spec: { ...before, ...FOR_PEOPLE } },
    { shape, spec: { ...spec, ...FOR_PEOPLE } },
  );
}

/** A killed flag that still gives something, and the cohorts of a rollout, stay as they are. */
export function mayEdit(flag: FlagState, { shape, spec }: FlagContents): void {
  if (flag.latch !== null && !isNobody(flag.exposure)) throw latched(flag);
  if (flag.rolloutId === null) return;
  const { baseline, canary, stickiness, variants } = flag.shape;
  const cohorts = (of: FlagContents['shape']) =>
    stable([of.baseline, of.canary, of.stickiness, of.variants[baseline], of.variants[canary]]);
  const moved = cohorts({ baseline, canary, stickiness, variants }) !== cohorts(shape);
  if (!moved && (spec.kind === 'multivariate') === (flag.spec?.kind === 'multivariate')) return;
  throw new Failure('FLAG_OWNED', `The rollout ${flag.rolloutId} compares the cohorts of ${named(flag)}.`, {
    details: ['baseline, canary, their values, stickiness and the split stay until it has ended'],
  });
}

export async function review(
  flag: ReviewedFlag & { environment: string },
  worlds: FlagWorlds,
  present: FlagState | null,
): Promise<void> {
  const details = reviewFlagSpec(flag, await worlds.of(flag.environment)).map(faultText);
  const { spec } = flag;
  const due = spec?.purpose === 'release' || spec?.purpose === 'experiment';
  if (due && spec.expires === null && (present === null || present.spec?.expires != null))
    details.push(
      `expires: a ${spec.purpose} flag made by hand ends some day. Instead: add \`expires: 2027-06-30\``,
    );
  if (spec?.flagSet === flag.environment)
    details.push('flagSet: all flags of an environment have its name. Instead: another name, or none');
  if (details.length === 0) return;
  throw new Failure('FLAG_INVALID', `The definition of ${named(flag)} cannot be served.`, { details });
}

/** What another platform serves is written there. */
export function refuseForeign({ shape, ...target }: FlagState): void {
  if (shape.provider === undefined) return;
  throw new Failure(
    'NOT_SUPPORTED',
    `The platform ${shape.provider} serves ${named(target)}: change it there.`,
    { details: [`here it has its ${Object.keys(FOR_PEOPLE).join(', ')}, and nothing else is edited`] },
  );
}

function latched({ latch, ...target }: FlagState): Failure {
  return new Failure(
    'FLAG_LATCHED',
    `${latch?.by ?? 'Somebody'} killed ${named(target)}: ${latch?.reason ?? ''}`,
  );
}
