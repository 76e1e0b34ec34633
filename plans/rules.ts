import { RISKS, type RiskId } from './risks.ts';

/** Rules without which a plan is refused, by their stable ids. */
const errors = {
  'PLAN-YAML': 'The text is one YAML document: no syntax errors, no name twice.',
  'PLAN-KEY': 'Only names that the plan language has.',
  'PLAN-MISSING': 'What has no default is there.',
  'PLAN-UNIT': 'Durations, percentages, differences and limits carry their unit.',
  'PLAN-VALUE': 'Values have the form that their place asks for.',
  'PLAN-PROMQL': 'Selectors and expressions are PromQL that can be used in their place.',
  'PLAN-COHORT': 'The cohorts can be told apart, and no selector picks one of them by itself.',
  'PLAN-NAME-TWICE': 'Stages, metrics and limits have names of their own.',
  'PLAN-UNKNOWN-METRIC': 'A metric that is named is one of the plan.',
  'PLAN-RATIO': 'A ratio has exactly one of `bad` and `good`.',
  'PLAN-DIRECTION': 'A margin points to the worse: `+` for bad events and latency, `-` for good events.',
  'PLAN-MARGIN': 'Margins are larger than 0, and a hard one is not smaller than the soft one.',
  'PLAN-WEIGHT': 'Weights sum to 1, or leave something to the metrics without one.',
  'PLAN-LIMIT': 'A limit has exactly one of `metric` and `expr`, and a threshold that its value can have.',
  'PLAN-STAGE':
    'A stage has exactly one of `audience`, `waves`, `percent`, `aa`, `shadow`, `dark` and `decommission`, which comes last.',
  'PLAN-PERCENT': 'Percentages increase from stage to stage, and are at least 0.01.',
  'PLAN-TIME': 'Times are long enough, and `max` is not shorter than `bake`.',
  'PLAN-USERS': 'Where users are counted, `source.users` says how many there are.',
  'PLAN-SHADOW':
    'Stages that serve nobody come before those that serve somebody; where the new path runs behind there are metrics of it.',
  'PLAN-TENANTS':
    'Each tenant is listed once or named once by a query that answers, each wave has some, waves are at most a hundred, and `exclude` names somebody.',
  'PLAN-COVERAGE': 'A slice is a part of the users by a label, named once, of metrics that are counted.',
  'PLAN-EXCLUDE':
    'A slice is taken off by itself only where the flag service can leave it out and the old path can have it back.',
  'PLAN-CHECK': 'A check asks exactly one thing, and says what must come.',
  'PLAN-BEFORE': 'What must hold before the start is something, each named once.',
  'PLAN-FLAG':
    'Baseline and canary are two variants, variants that are listed have a value, and a flag set is a part of its environment.',
  'PLAN-CLAIM':
    'A rollout can take the flag as it is defined: no split, variants that fit, and a platform that carries out all of the definition.',
  'PLAN-SAFE-EXPOSURE': 'A forward-only plan says where a stop ends, a reversible one does not.',
  'PLAN-LEASE': 'A lease lasts three polls or more and has somewhere to fall back to.',
  'PLAN-CHANCE': 'The chances of a false rollback and of a false promotion are between 0 and 50 %.',
  'PLAN-APPROVAL': 'Each role is named once, and an answer has time.',
  'PLAN-NOTIFY': 'A channel is told of each event once.',
  'PLAN-WINDOW': 'Windows are days and hours, freezes begin before they end.',
  'PLAN-DEADLINE': 'A deadline is one time, after the start and still to come.',
  'PLAN-RETRY': 'What is tried again by itself has stepped back by itself, and has somewhere to go back to.',
  'PLAN-TIMEZONE': 'The time zone exists.',
  'PLAN-MIGRATION': 'What compares the data of a migration is a limit or a metric of the plan.',
  'PLAN-ALLOW': 'What is allowed is a risk by a rule that there is.',
  'PLAN-SERVICE': 'What is said of the other rollouts of a service names the service.',
  'PLAN-REQUIRES':
    'What a plan requires of others is something of another plan that can be reached, said once.',
  'PLAN-CIRCLE': 'Rollouts do not wait for each other in a circle.',
} as const;

export type RuleId = keyof typeof errors | RiskId;

export interface Rule {
  /** A risk is a warning, and can be allowed with a reason. */
  severity: 'error' | 'warning';
  holds: string;
  why: string;
  /** Empty: each finding says what to write instead. */
  mend: string;
}

const plain = Object.entries(errors).map(([id, holds]): [string, Rule] => [
  id,
  { severity: 'error', holds, why: holds, mend: '' },
]);
const risky = Object.entries(RISKS).map(([id, risk]): [string, Rule] => [
  id,
  { severity: 'warning', ...risk },
]);

/** Every rule that a plan is held against, by its stable id. */
export const RULES: Readonly<Record<string, Rule>> = Object.fromEntries([...plain, ...risky]);
