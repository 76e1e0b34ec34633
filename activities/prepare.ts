import { asksBefore, type Evidence, type EvidenceKind } from '../plans/before.ts';
import type { CheckAnswer } from '../plans/check.ts';
import { dashboardUid } from '../plans/dashboard-uid.ts';
import { isNobody } from '../plans/exposure.ts';
import { isFailure } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import { duration, moment } from '../plans/words.ts';
import type { FlagRevision } from '../store/flag-contract.ts';
import type { ActivityParts } from './parts.ts';

/** Revisions of a flag that are searched for a drill, the newest. */
const REVISIONS = 500;

interface Asked {
  rolloutId: string;
  plan: Plan;
  /** Milliseconds since 1970. */
  now: number;
  signal: AbortSignal;
}

/** Looks for everything that a plan asks for before its first stage, one answer each; what cannot be read is no pass. */
export async function prepare(
  {
    source,
    alertRules,
    evidence,
    flagHistory,
    checks,
  }: Pick<ActivityParts, 'source' | 'alertRules' | 'evidence' | 'flagHistory' | 'checks'>,
  { rolloutId, plan, now, signal }: Asked,
): Promise<CheckAnswer[]> {
  const { before } = plan;
  if (!asksBefore(before)) return [];
  const looks: Promise<CheckAnswer[]>[] = [];
  const { metrics, alerts, drill, evidence: kinds } = before;
  const { prometheus } = plan.source;
  if (metrics !== undefined)
    looks.push(
      look('metrics', `series of ${metrics === 'both' ? 'both cohorts' : 'the baseline'}`, async () => {
        const findings = await source(prometheus).check(plan, now / 1000);
        const wrong = findings.filter(
          ({ kind }) =>
            kind === 'refused' || kind === 'no-baseline' || (kind === 'no-canary' && metrics === 'both'),
        );
        const lacks = [...new Set(wrong.map(({ metric, detail }) => `${metric}: ${detail}`))];
        return lacks.length === 0 ? yes('every metric has them') : no(lacks.join('; '));
      }),
    );
  if (alerts !== undefined)
    looks.push(
      look('alerts', `rules ${alerts.join(', ')} of ${prometheus}`, async () => {
        const rules = await alertRules(prometheus);
        if (rules === null) return no('the source has no list of rules');
        const healthy = rules.filter((rule) => rule.healthy).map(({ name }) => name);
        const missing = alerts.filter((name) => !healthy.includes(name));
        return missing.length === 0 ? yes('all are there') : no(`missing or broken: ${missing.join(', ')}`);
      }),
    );
  if (drill !== undefined) {
    const environment = drill.environment ?? plan.environment;
    looks.push(
      look(
        'drill',
        `a drill of ${plan.flag.key} in ${environment} within ${duration(drill.within)}`,
        async () => {
          const revisions = await flagHistory({ environment, key: plan.flag.key }, REVISIONS);
          const at = lastDrill(revisions);
          if (at === null) return no('none has ended with nobody exposed');
          return now - at <= drill.within * 1000
            ? yes(`passed on ${moment(at)}`)
            : no(`the last one was on ${moment(at)}`);
        },
      ),
    );
  }
  if (kinds !== undefined) {
    const show = (url: string | null) => checks.dashboard({ uid: dashboardUid(plan), url }, signal);
    looks.push(told(kinds, () => evidence(rolloutId), show));
  }
  return (await Promise.all(looks)).flat();
}

/** When a rollout last took a flag back to nobody while a drill was set on it; `revisions`: the newest first. */
export function lastDrill(revisions: readonly FlagRevision[]): number | null {
  const index = revisions.findIndex(({ rolloutId, exposure, content }, at) => {
    const before = revisions[at + 1];
    if (rolloutId === null || !isNobody(exposure) || before === undefined || isNobody(before.exposure))
      return false;
    return content?.spec?.drill !== undefined;
  });
  return revisions[index]?.at ?? null;
}

async function told(
  kinds: readonly EvidenceKind[],
  read: () => Promise<Evidence[]>,
  show: (url: string | null) => Promise<Outcome>,
): Promise<CheckAnswer[]> {
  const known = await readable(read);
  return Promise.all(
    kinds.map(async (kind) => {
      const asked = kind === 'dashboards' ? 'whether the dashboards are there' : `what was told of ${kind}`;
      if (known instanceof Error) return answer(kind, asked, no(known.message));
      const one = known.find((evidence) => evidence.kind === kind);
      const by =
        one === undefined ? '' : `${one.by}, ${moment(one.at)}${one.url === null ? '' : `, ${one.url}`}`;
      if (one?.ok === false) return answer(kind, asked, no(`not ok: ${by}`));
      if (kind === 'dashboards') {
        const { ok, came } = await show(one?.url ?? null);
        const who = one === undefined ? '' : `; told by ${by}`;
        return answer(kind, asked, { ok, came: `${came}${who}` });
      }
      return answer(
        kind,
        asked,
        one === undefined ? no(`nobody has told; tidegate evidence ROLLOUT ${kind}`) : yes(`ok: ${by}`),
      );
    }),
  );
}

type Outcome = Pick<CheckAnswer, 'ok' | 'came'>;

function yes(came: string): Outcome {
  return { ok: true, came };
}

function no(came: string): Outcome {
  return { ok: false, came };
}

async function look(name: string, asked: string, work: () => Promise<Outcome>): Promise<CheckAnswer[]> {
  const found = await readable(work);
  return [answer(name, asked, found instanceof Error ? no(found.message) : found)];
}

/** What is away is an answer; a mistake of the program is not. */
async function readable<T>(work: () => Promise<T>): Promise<T | Error> {
  try {
    return await work();
  } catch (error) {
    if (isFailure(error)) return error;
    throw error;
  }
}

function answer(name: string, asked: string, { ok, came }: Outcome): CheckAnswer {
  return { name: `before: ${name}`, asked, ok, came: came.slice(0, 300), seconds: 0, tries: 1 };
}
