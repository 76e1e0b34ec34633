import type { Plan } from './plan.ts';
import type { Stage } from './stage.ts';
import type { Tenant, TenantQuery, TenantReply } from './tenant-query.ts';
import { MOST_WAVES, stagesOf, wavesOf } from './waves.ts';

/** A stage whose tenants a database is to name. */
export interface TenantQuestion {
  stage: string;
  /** Below the stage. */
  path: readonly string[];
  query: TenantQuery;
}

/** Who the tenants of a stage are: of waves each for itself, of an audience all in one. */
export interface TenantsFound {
  stage: string;
  /** `crm: select tenant from customers`. */
  asked: string;
  waves: string[][];
  /** Of the question; null: the tenants of the plan before, which asked the same. */
  seconds: number | null;
}

/** What is wrong with an answer; `silent`: there was none. */
export interface TenantFault {
  kind: 'wrong' | 'silent';
  question: TenantQuestion;
  message: string;
  instead: string;
}

/** The questions of a plan that nobody has answered yet. */
export function tenantQuestions({ stages }: Pick<Plan, 'stages'>): TenantQuestion[] {
  return stages.flatMap((stage) => questionOf(stage) ?? []);
}

function questionOf({ name, audience, waves }: Stage): TenantQuestion | null {
  if (audience?.tenantsFrom !== undefined)
    return { stage: name, path: ['audience', 'tenantsFrom'], query: audience.tenantsFrom };
  if (waves?.from !== undefined) return { stage: name, path: ['waves', 'from'], query: waves.from };
  return null;
}

interface Answered {
  /** With a list in place of each query; whole only without faults. */
  plan: Plan;
  found: TenantsFound[];
  faults: TenantFault[];
}

/** Puts answers, by the name of their stage, in the places of the queries. */
export function withTenants(
  plan: Plan,
  answers: ReadonlyMap<string, TenantReply | { kind: 'kept'; waves: string[][] }>,
): Answered {
  const found: TenantsFound[] = [];
  const faults: TenantFault[] = [];
  const taken = new Map<string, string>();
  for (const { name, audience } of plan.stages)
    for (const tenant of audience?.tenants ?? []) taken.set(tenant, name);
  const stages = plan.stages.flatMap((stage) => {
    const question = questionOf(stage);
    const reply = answers.get(stage.name);
    if (question === null || reply === undefined) return [stage];
    const refuse = (kind: TenantFault['kind'], message: string, instead: string) => {
      faults.push({ kind, question, message, instead });
      return [stage];
    };
    const { database, query } = question.query;
    if (reply.kind === 'silent') return refuse('silent', `${database} did not answer: ${reply.why}`, '');
    const settled =
      reply.kind === 'kept' ? { ...reply, no: null } : settle(stage, question.query, reply.rows);
    if (settled.no !== null) return refuse('wrong', `${database} ${settled.no.message}`, settled.no.instead);
    const { waves } = settled;
    const again = waves.flat().find((name) => taken.has(name));
    if (again !== undefined)
      return refuse(
        'wrong',
        `${database} names the tenant "${again}", which is already in stage "${taken.get(again)}"`,
        'a query that leaves out who has the canary by then',
      );
    for (const name of waves.flat()) taken.set(name, stage.name);
    const seconds = reply.kind === 'kept' ? null : reply.seconds;
    found.push({ stage: stage.name, asked: `${database}: ${query}`, waves, seconds });
    if (stage.waves !== undefined) return stagesOf(stage, waves);
    const { tenantsFrom: _asked, ...audience } = stage.audience ?? {};
    return [{ ...stage, audience: { ...audience, tenants: waves.flat() } }];
  });
  return { plan: { ...plan, stages }, found, faults };
}

type Settled =
  | { waves: string[][]; no: null }
  | { waves?: undefined; no: { message: string; instead: string } };

function settle({ waves }: Stage, query: TenantQuery, rows: readonly (readonly unknown[])[]): Settled {
  const no = (message: string, instead: string): Settled => ({ no: { message, instead } });
  if (rows.length === 0) return no('names no tenant', 'a query that finds some');
  if (rows.length > query.most)
    return no(`names more than ${query.most} tenants`, 'a narrower query, or a segment of tidegate.yaml');
  const tenants: Tenant[] = [];
  const seen = new Set<string>();
  for (const [index, [first, second = 1]] of rows.entries()) {
    const name = typeof first === 'string' || typeof first === 'number' ? String(first) : '';
    if (name === '' || name.length > 200)
      return no(`has no tenant in the first column of row ${index + 1}`, 'a name of at most 200 characters');
    if (seen.has(name))
      return no(`names the tenant "${name}" twice`, '`select distinct`, or a narrower join');
    seen.add(name);
    const weight = second === null || second === '' ? Number.NaN : Number(second);
    if (waves?.share !== undefined && !(Number.isFinite(weight) && weight >= 0))
      return no(
        `has no weight of "${name}" in the second column`,
        'a number of 0 or more, such as `coalesce(users, 0)`',
      );
    tenants.push({ name, weight });
  }
  if (waves === undefined) return { waves: [tenants.map(({ name }) => name)], no: null };
  const missing = waves.order?.find((name) => !seen.has(name));
  if (missing !== undefined)
    return no(`does not name "${missing}", which \`order\` has`, 'a name that the query finds');
  const groups = wavesOf(tenants, waves);
  if (groups.length > MOST_WAVES)
    return no(
      `names ${tenants.length} tenants, which are ${groups.length} stages in waves of ${waves.size}`,
      `a size of ${Math.ceil(tenants.length / MOST_WAVES)} or more`,
    );
  const empty = groups.findIndex((group) => group.length === 0);
  if (empty < 0) return { waves: groups, no: null };
  return no(
    `has no tenant that fits into wave ${empty + 1} of "share": the next one is larger than the share leaves`,
    'a larger share, or one less',
  );
}

const SHOWN = 60;

/** One sentence for the journal; the plan has all the names. */
export function foundText({ stage, asked, waves, seconds }: TenantsFound): string {
  const many = waves.flat().length;
  let left = SHOWN;
  const groups = waves.flatMap((wave) => {
    const shown = wave.slice(0, Math.max(0, left));
    left -= wave.length;
    return shown.length === 0 ? [] : [shown.join(', ')];
  });
  const more = many > SHOWN ? `, and ${many - SHOWN} more` : '';
  const parts = waves.length === 1 ? '' : `, in ${waves.length} waves`;
  const from = seconds === null ? 'as before, from' : 'from';
  const time = seconds === null ? '' : ` within ${seconds} s`;
  return `Stage ${stage} has ${many === 1 ? 'one tenant' : `${many} tenants`}${parts}, ${from} ${asked}${time}: ${groups.join(' | ')}${more}.`;
}

/** The tenants of a question that the plan before asked in the same way: what has begun keeps who it has. */
export function keptWaves(
  stage: string,
  { asks, before, was }: { asks: Plan; before: Plan; was: Plan },
): string[][] | null {
  const of = (plan: Plan) => plan.stages.find(({ name }) => name === stage);
  const same = (one: Stage | undefined) => JSON.stringify([one?.audience, one?.waves]);
  if (same(of(asks)) !== same(of(before))) return null;
  const waves = was.stages.flatMap(({ name, audience }) => {
    const rest = name.startsWith(`${stage} `) ? name.slice(stage.length + 1) : '';
    const mine = of(before)?.waves === undefined ? name === stage : /^\d+\/\d+$/.test(rest);
    return mine && audience?.tenants !== undefined ? [audience.tenants] : [];
  });
  return waves.length === 0 ? null : waves;
}
