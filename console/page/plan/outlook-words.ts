import { askedText, audience, duration } from '../../../plans/words.ts';
import type { CheckReply, PlanDifference, PlanOutlook } from '../../../server/api/plans.ts';
import { bothClocks } from '../calendar/times.ts';

/** What a submit will do, one sentence each. */
export function submitWords(outlook: PlanOutlook): string[] {
  const { flag, environment, mode, stages, startRoles, startQuorum, opensAt, timezone } = outlook;
  const takes = duration(stages.reduce((sum, stage) => sum + stage.takes, 0));
  if (mode === 'observe')
    return [
      `It watches flag ${flag} in ${environment} and moves nothing: nobody's path changes.`,
      `It says what it would have done in ${count(stages.length)}.`,
    ];
  const [first] = stages;
  const way = stages.map(({ name }) => name).join(' → ');
  const asks = stages.filter(({ roles }) => roles.length > 0);
  return [
    `A rollout of flag ${flag} in ${environment} begins, in ${count(stages.length)}: ${way}.`,
    ...(startRoles.length === 0
      ? []
      : [
          `First it waits for approval by ${askedText({ roles: startRoles, quorum: startQuorum })}. Nobody meets the new path before.`,
        ]),
    ...(opensAt === null ? [] : [`The plan holds it until ${bothClocks(timezone ?? 'UTC', opensAt)}.`]),
    ...(first === undefined
      ? []
      : [
          `${startRoles.length === 0 && opensAt === null ? 'Within seconds' : 'Then'} stage ${first.name} opens: ${first.tenantsFrom === null ? audience({ ...first, variant: null }) : `the tenants that ${first.tenantsFrom} names`} get the new path.`,
        ]),
    ...asks.map(({ name, ...asked }) => `After stage ${name} it asks ${askedText(asked)}.`),
    `It takes ${takes} at least. A stop lowers it at once and asks nobody${stages.some(({ decommission }) => decommission) ? ', until the old path is decommissioned' : ''}.`,
  ];
}

/** Why the server would refuse it as things stand. */
export function obstacles({ outlook, queries }: Pick<CheckReply, 'outlook' | 'queries'>): string[] {
  if (outlook === null) return ['The plan has errors.'];
  const { active, latch, flag, environment } = outlook;
  return [
    ...(active === null ? [] : [`${active} moves flag ${flag} in ${environment} already.`]),
    ...(latch === null
      ? []
      : [`The flag was killed by ${latch.by}: ${latch.reason}. It must be unlocked first.`]),
    ...brokenQueries(queries),
  ];
}

/** Queries that the source refuses, or that find nothing of the baseline. */
export function brokenQueries(queries: CheckReply['queries']): string[] {
  return (queries ?? [])
    .filter(({ kind }) => kind === 'refused' || kind === 'no-baseline')
    .map(({ metric, detail, query }) => `${metric}: ${detail} (${query})`);
}

/** What the source of the metrics says beside that; a missing canary is normal before the first stage. */
export function queryNotes(queries: CheckReply['queries']): string[] {
  return (queries ?? [])
    .filter(({ kind }) => kind === 'slow-scrape' || kind === 'uses')
    .map(({ metric, kind, detail, query }) =>
      kind === 'uses' ? `${metric} ${detail} (${query})` : `${metric}: ${detail}`,
    );
}

/** What an amendment will do. */
export function amendWords(differences: readonly PlanDifference[], mode: PlanOutlook['mode']): string[] {
  const loose = differences.filter(({ loosens }) => loosens);
  return [
    "Nobody's path changes now. Evidence that was gathered stays.",
    loose.length === 0 || mode === 'observe'
      ? 'It holds at once: nothing is let through that would have been stopped.'
      : `It loosens ${loose.length === 1 ? 'one condition' : `${loose.length} conditions`}, so it waits until a second person approves it.`,
    'Approvals that were given on the present plan are asked for again.',
  ];
}

function count(stages: number): string {
  return stages === 1 ? 'one stage' : `${stages} stages`;
}
