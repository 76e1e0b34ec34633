import { type Inquiry, inquiryOf } from '../analysis/inquiry.ts';
import type { Assessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import { partName } from '../plans/slices.ts';
import type { RolloutEvent } from './event.ts';
import { isWatching } from './mode.ts';
import type { RolloutState } from './state.ts';
import type { Turn } from './turn.ts';
import { journal, policy } from './turn.ts';

/**
 * Right after a stop or a pause was journaled: its metric is to be explained. Null: nothing can be searched. A newer question takes the place of an older one.
 */
export function wonder(turn: Turn, of: Pick<Assessment, 'metric' | 'slice'>): void {
  const { state } = turn;
  const { metric, slice } = of;
  const inquiry = metric === null ? null : inquiryInto(state, { metric, slice });
  if (inquiry === null) return;
  state.question = { of: state.seq, inquiry, asked: false };
  state.explanation = null;
}

function inquiryInto(state: RolloutState, of: { metric: string; slice: string | undefined }): Inquiry | null {
  const { memory, acceptances, plan } = state;
  if (memory === null) return null;
  const stageIndex = state.gate?.stage ?? state.stage;
  try {
    return inquiryOf(memory.evidence, plan, { ...of, stageIndex, acceptances, ...memory.learnt });
  } catch {
    // Whatever is wrong with the evidence, the stop that it has caused goes on.
    return null;
  }
}

/** The metric of the canary that a limit is about; null: none. */
export function limitedMetric(plan: Plan, name: string): Pick<Assessment, 'metric'> {
  const limit = plan.limits.find((one) => one.name === name);
  return { metric: limit?.cohort === 'canary' ? (limit.metric ?? null) : null };
}

/**
 * Asks once nothing is on its way to the flag: a stop never waits for its explanation. What explained a pause that
 * somebody has answered is forgotten.
 */
export function askWhenActed(turn: Turn): void {
  const { state } = turn;
  const answered = state.pause === null && state.stop === null && !isWatching(state);
  if (state.explanation != null && answered) state.explanation = null;
  const { question, startedAt } = state;
  if (question == null || question.asked || startedAt === null) return;
  if (state.write !== null || state.phase === 'reverting') return;
  state.question = { ...question, asked: true };
  turn.commands.push({
    kind: 'explain',
    request: {
      of: question.of,
      rolloutId: state.id,
      plan: state.plan,
      origin: startedAt,
      inquiry: question.inquiry,
    },
  });
}

/** The answer, journaled once; that to a question which a newer one has replaced says nothing any more. */
export function onExplained(
  turn: Turn,
  event: Extract<RolloutEvent, { kind: 'explained' | 'unexplained' }>,
): void {
  const { state } = turn;
  const { question } = state;
  if (question == null || question.of !== event.of) return;
  state.question = null;
  const metric = partName(question.inquiry);
  if (event.kind === 'unexplained') {
    journal(turn, 'note', {
      cause: policy(`it was searched where ${metric} moved`),
      summary: `Not explained: ${event.detail}.`,
    });
    return;
  }
  state.explanation = event.explanation;
  journal(turn, 'explained', {
    cause: policy(`it was searched where ${metric} moved`),
    summary: `Why: ${event.explanation.sentence}.`,
    explanation: event.explanation,
    queries: event.queries,
  });
}
