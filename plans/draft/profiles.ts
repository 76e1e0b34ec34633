import type { Approval } from '../approval.ts';
import type { EvidenceKind } from '../before.ts';
import type { Answers, Risk } from './answers.ts';
import { ROLES } from './answers.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

type Asked = Partial<Pick<Approval, 'quorum' | 'then'>> & { roles: string[]; sla?: string };

/** What a release manager gives a change of one risk. Times in seconds. */
export interface Profile {
  why: string;
  /** Who is asked on the way. */
  asks: string;
  internal: number;
  /** Public stages below 100 %. */
  percents: readonly number[];
  bake: number;
  /** The longest that a stage waits for more traffic. */
  longest: number;
  full: number;
  cleanFor: string;
  errors: { soft: string; hard: string };
  latency: { soft: string; hard: string };
  ceiling: { above: string; for: string };
  noData: { after: string; then: 'pause' | 'rollback' };
  pause: { deadline: string; then: 'step-back' | 'rollback' };
  minUsers: number;
  windows: readonly string[];
  /** Before the first stage, after the first public one, before 100 %, before the old path goes, and everywhere else. */
  approvals: { start?: Asked; first?: Asked; last?: Asked; end?: Asked; each?: Asked };
  /** What must be there before the first stage; null: nothing is looked for. */
  before: { drill: boolean; evidence: readonly EvidenceKind[] } | null;
  lease: string | null;
  /** A second channel wakes people. */
  pages: boolean;
  deploy: 'pause' | 'note';
}

const { technical, operations, product, duty } = ROLES;

export const PROFILES: Readonly<Record<Risk, Profile>> = {
  low: {
    why: 'Few would notice a failure, and nobody is woken for it',
    asks: 'nobody is asked before the end',
    internal: 4 * HOUR,
    percents: [5, 25],
    bake: DAY,
    longest: 2 * DAY,
    full: 2 * DAY,
    cleanFor: '7d',
    errors: { soft: '+0.5pp', hard: '+2pp' },
    latency: { soft: '+30%', hard: '+100%' },
    ceiling: { above: '10%', for: '10m' },
    noData: { after: '20m', then: 'pause' },
    pause: { deadline: '24h', then: 'step-back' },
    minUsers: 20,
    windows: ['Mon-Thu 09:00-17:00', 'Fri 09:00-12:00'],
    approvals: {},
    before: null,
    lease: null,
    pages: false,
    deploy: 'note',
  },
  medium: {
    why: 'Users would notice a failure',
    asks: 'somebody agrees to the start',
    internal: DAY,
    percents: [1, 5, 25],
    bake: DAY,
    longest: 4 * DAY,
    full: 4 * DAY,
    cleanFor: '7d',
    errors: { soft: '+0.2pp', hard: '+1pp' },
    latency: { soft: '+20%', hard: '+50%' },
    ceiling: { above: '5%', for: '10m' },
    noData: { after: '10m', then: 'pause' },
    pause: { deadline: '4h', then: 'step-back' },
    minUsers: 50,
    windows: ['Mon-Thu 09:00-16:00', 'Fri 09:00-12:00'],
    approvals: { start: { roles: [technical] } },
    before: null,
    lease: null,
    pages: true,
    deploy: 'note',
  },
  high: {
    why: 'A failure costs money or trust',
    asks: 'other people agree at the start, after the first step and before 100 %',
    internal: DAY,
    percents: [1, 5, 25, 50],
    bake: DAY,
    longest: 7 * DAY,
    full: 7 * DAY,
    cleanFor: '14d',
    errors: { soft: '+0.1pp', hard: '+0.5pp' },
    latency: { soft: '+15%', hard: '+40%' },
    ceiling: { above: '3%', for: '5m' },
    noData: { after: '10m', then: 'pause' },
    pause: { deadline: '2h', then: 'rollback' },
    minUsers: 100,
    windows: ['Mon-Thu 09:00-16:00'],
    approvals: {
      start: { roles: [technical, operations], quorum: 'all' },
      first: { roles: [duty] },
      last: { roles: [product] },
      end: { roles: [technical] },
    },
    before: { drill: false, evidence: ['tests', 'on-call'] },
    lease: null,
    pages: true,
    deploy: 'pause',
  },
  critical: {
    why: 'A failure stops the business or harms people',
    asks: 'somebody agrees to every one',
    internal: 2 * DAY,
    percents: [0.2, 1, 5, 10, 25, 50],
    bake: 2 * DAY,
    longest: 10 * DAY,
    full: 14 * DAY,
    cleanFor: '30d',
    errors: { soft: '+0.05pp', hard: '+0.2pp' },
    latency: { soft: '+10%', hard: '+25%' },
    ceiling: { above: '2%', for: '2m' },
    noData: { after: '5m', then: 'rollback' },
    pause: { deadline: '1h', then: 'rollback' },
    minUsers: 200,
    windows: ['Mon-Wed 10:00-15:00'],
    approvals: {
      start: { roles: [technical, operations, product], quorum: 'all' },
      last: { roles: [technical, product], quorum: 'all' },
      each: { roles: [duty], sla: '2h', then: 'rollback' },
      end: { roles: [technical, operations], quorum: 'all' },
    },
    before: { drill: true, evidence: ['tests', 'sign-off', 'on-call', 'runbook', 'support'] },
    lease: '30m',
    pages: true,
    deploy: 'pause',
  },
};

const RISKS = ['low', 'medium', 'high', 'critical'] as const;

/** What cannot be undone, or moves data, is no low risk whatever somebody says; both together are a high one. */
export function profileOf({ risk, reversibility, migration }: Answers): { risk: Risk; profile: Profile } {
  const grave = (reversibility === 'forward-only' ? 1 : 0) + (migration ? 1 : 0);
  const raised = RISKS[Math.max(RISKS.indexOf(risk), grave)] ?? risk;
  return { risk: raised, profile: PROFILES[raised] };
}
