import { Context } from '@temporalio/activity';
import { observe, openEvidence } from '../../analysis/gate.ts';
import type { Assessment, Verdict } from '../../plans/assessment.ts';
import type { Explanation } from '../../plans/explanation.ts';
import type { RequiredSight } from '../../plans/requires.ts';
import type { CohortSample } from '../../plans/sample.ts';
import type {
  Afterword,
  ClaimRequest,
  ExplainRequest,
  FollowRequest,
  GateRequest,
  LookRequest,
  RecordRequest,
  WriteRequest,
} from '../../rollout/command.ts';
import type { FlagSight, GateReport, RolloutEvent } from '../../rollout/event.ts';
import { reportKey } from '../../rollout/report.ts';

/** What the gate of a stage sees, one after the other; the last one stays. */
export type Script = Readonly<Record<string, readonly (Verdict | 'severed')[]>>;

/** Activities with a script in place of Prometheus, PostgreSQL and flags: these tests are about the workflow alone. */
export function scripted(script: Script) {
  const seqs: number[] = [];
  const said: string[] = [];
  const afterwords: Afterword[] = [];
  const watched: GateRequest[] = [];
  let revision = 1;
  const activities = {
    async claimFlag({ id }: ClaimRequest): Promise<RolloutEvent> {
      return {
        kind: 'claimed',
        id,
        revision,
        epoch: 1,
        exposure: { percent: 0, segments: [], variant: null },
      };
    },
    async writeFlag({ id }: WriteRequest): Promise<RolloutEvent> {
      revision += 1;
      return { kind: 'written', id, before: revision - 1, after: revision, epoch: 1 };
    },
    async watchGate(request: GateRequest): Promise<GateReport> {
      watched.push(request);
      const stage = request.plan.stages[request.stage]?.name ?? '';
      const verdicts = script[stage] ?? ['pass'];
      for (const [index, verdict] of verdicts.entries()) {
        const report = reportOf(request, stage, verdict);
        const old = said.includes(`${stage} ${verdict}`) && index < verdicts.length - 1;
        if (reportKey(report, request.expected) !== request.key && !old) {
          said.push(`${stage} ${verdict}`);
          return report;
        }
      }
      // Nothing new: it watches until the workflow takes it back.
      await Context.current().cancelled;
      throw new Error('cancelled');
    },
    async lookAtFlag({ served }: LookRequest): Promise<FlagSight> {
      const exposure = { ...served, percent: 1 };
      return { revision: 7, exposure, latch: null, by: 'ada', already: true };
    },
    async explain({ of, inquiry: { metric } }: ExplainRequest): Promise<RolloutEvent> {
      const explanation = { metric, sentence: 'because' } as Explanation;
      return { kind: 'explained', of, explanation, queries: [] };
    },
    verifyRollback: async (): Promise<RolloutEvent> => ({
      kind: 'verified',
      outcome: 'back',
      detail: 'as scripted',
      queries: [],
    }),
    async record({ entries }: RecordRequest): Promise<void> {
      seqs.push(...entries.map(({ seq }) => seq));
    },
    afterword: async (line: Afterword): Promise<void> => {
      afterwords.push(line);
    },
    releaseFlag: async () => undefined,
    findPeers: async () => [],
    /** The other one is where it has to be, and stays there until this rollout has gone on. */
    async followRequired({ known, wanted }: FollowRequest): Promise<RequiredSight[]> {
      if (known === null) return wanted.map((one) => sightOf({ ...one, phase: 'active' }));
      while (revision < 3) await Context.current().sleep(50);
      if (known.every(({ phase }) => phase === 'active'))
        return wanted.map((one) => sightOf({ ...one, phase: 'rolled-back' }));
      await Context.current().cancelled;
      throw new Error('cancelled');
    },
    savePlan: async () => undefined,
  };
  return { activities, seqs, afterwords, watched };
}

function sightOf(of: Pick<RequiredSight, 'rollout' | 'environment' | 'phase'>): RequiredSight {
  const there = of.phase === 'active';
  return {
    ...of,
    id: `${of.rollout}-1`,
    stage: '25%',
    entered: there ? ['25%'] : [],
    percent: there ? 25 : 0,
    served: there,
    top: 100,
    why: there ? null : 'errors',
  };
}

/** A slice that got worse alone. */
const SEVERED = {
  slice: 'tenant=acme',
  who: 'tenant=acme',
  metric: 'errors',
  severity: 'hard',
  reason: 'worse',
  share: 0.1,
} as const;

function reportOf(request: GateRequest, stage: string, said: Verdict | 'severed'): GateReport {
  const verdict = said === 'severed' ? 'hold' : said;
  const assessment: Assessment = {
    verdict,
    stage,
    t: 1,
    lnE: 0,
    threshold: 4.6,
    metric: verdict === 'soft' || verdict === 'hard' ? 'errors' : null,
    reason: verdict,
    ...(said === 'severed' ? { severed: [SEVERED] } : {}),
    metrics: [],
    limits: [],
    holding: [],
    polls: { used: 1, ignored: 0, rejected: 0 },
    warnings: [],
  };
  const memory = {
    evidence: evidenceOf(request),
    since: request.stageSince,
    cursor: 0,
    cleanSince: null,
  };
  return { assessment, memory, queries: ['q'], flag: null, overdue: false, reverted: false };
}

/** One poll of the stage, so that a stop has something to be explained by. */
function evidenceOf({ plan, stage }: GateRequest) {
  const cohort = (events: number): CohortSample => ({
    requests: 100,
    ratios: { errors: { events, total: 100 } },
    histograms: {},
  });
  const sample = { stage: plan.stages[stage]?.name ?? '', t: 15, baseline: cohort(0), canary: cohort(9) };
  const reading = { kind: 'sample', sample, expressions: {}, queries: [] } as const;
  return observe(openEvidence(plan), plan, { ...reading, queries: [] }, { stageIndex: stage });
}
