import { Context } from '@temporalio/activity';
import { openEvidence } from '../../analysis/gate.ts';
import type { Assessment, Verdict } from '../../plans/assessment.ts';
import type { ClaimRequest, GateRequest, RecordRequest, WriteRequest } from '../../rollout/command.ts';
import type { GateReport, RolloutEvent } from '../../rollout/event.ts';
import { reportKey } from '../../rollout/report.ts';

/** What the gate of a stage sees, one after the other; the last one stays. */
export type Script = Readonly<Record<string, readonly Verdict[]>>;

/** Activities with a script in place of Prometheus, PostgreSQL and flags: these tests are about the workflow alone. */
export function scripted(script: Script) {
  const seqs: number[] = [];
  const said: string[] = [];
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
    async record({ entries }: RecordRequest): Promise<void> {
      seqs.push(...entries.map(({ seq }) => seq));
    },
    releaseFlag: async () => undefined,
    findPeers: async () => [],
    savePlan: async () => undefined,
  };
  return { activities, seqs };
}

function reportOf(request: GateRequest, stage: string, verdict: Verdict): GateReport {
  const assessment: Assessment = {
    verdict,
    stage,
    t: 1,
    lnE: 0,
    threshold: 4.6,
    metric: verdict === 'soft' ? 'errors' : null,
    reason: verdict,
    metrics: [],
    limits: [],
    holding: [],
    polls: { used: 1, ignored: 0, rejected: 0 },
    warnings: [],
  };
  const memory = {
    evidence: openEvidence(request.plan),
    since: request.stageSince,
    cursor: 0,
    cleanSince: null,
  };
  return { assessment, memory, queries: ['q'], flag: null, overdue: false, reverted: false };
}
