import { type Exposure, isNobody } from '../exposure.ts';
import type { EvaluationVerdict } from './evaluations.ts';
import type { Lifecycle } from './lifecycle.ts';

/** Every rule of the flags' hygiene by its stable id: why it matters, and how to mend it. */
const table = {
  'FLAG-EXPIRED': {
    why: 'It should be gone by now; each flag left behind is a branch that nobody tests.',
    mend: 'Take it out of the code and finish its rollout, or give it a later date: `tidegate flags edit FLAG --expires DATE`.',
  },
  'FLAG-STALE': {
    why: 'Everybody has had the new path for over 14 days, so the old one is dead code.',
    mend: 'Take it out of the code; `tidegate flags references FLAG` shows where it is.',
  },
  'FLAG-NO-OWNER': {
    why: 'Nobody is asked when it misbehaves.',
    mend: '`tidegate flags edit FLAG --owner TEAM`.',
  },
  'FLAG-NO-EXPIRY': {
    why: 'A release or an experiment that never ends stays for ever.',
    mend: '`tidegate flags edit FLAG --expires DATE`.',
  },
  'FLAG-TOO-MANY': {
    why: 'More than 50 active flags in an environment: nobody knows what they do together.',
    mend: 'Finish rollouts and retire flags before new ones come.',
  },
  'FLAG-REFUSED': {
    why: 'Its newest definition is not in service.',
    mend: 'Mend the place named, or `tidegate flags undo FLAG --to REVISION`.',
  },
  'FLAG-CIRCLE': {
    why: 'Flags that need each other in a circle are never met.',
    mend: 'Take one of the prerequisites out.',
  },
  'FLAG-NEVER-EVALUATED': {
    why: 'Either nothing asks for it any more, or what asks is not seen: flagd without the metrics of tidegate/client, or answers with all flags.',
    mend: '`tidegate flags references FLAG` shows whether code names it; where none does, retire it. What is seen: docs/flags.md.',
  },
  'FLAG-DRILL': {
    why: 'Its new path fails on purpose, for as long as nobody ends that.',
    mend: 'When the drill is over: `tidegate flags edit FLAG --drill none`.',
  },
  'FLAG-SCATTERED': {
    why: 'It is checked in many places, which are all to be found when it goes.',
    mend: 'Ask for it once, at a choke point, and pass the answer on.',
  },
} as const;

type FlagLintRule = keyof typeof table;
export const FLAG_LINT: Record<FlagLintRule, { why: string; mend: string }> = table;

/** What the lint knows of a flag. */
export interface FlagFacts {
  key: string;
  environment: string;
  lifecycle: Lifecycle;
  exposure: Exposure;
  /** Whether its rules apply. */
  live: boolean;
  /** Null: there is no entry in the registry. */
  definition: {
    owner: string | null;
    purpose: string;
    expires: string | null;
    requires: readonly { flag: string }[];
    drill?: object | undefined;
  } | null;
  /** Since when everybody has had the canary, in milliseconds since 1970; null: not everybody. */
  everybodySince: number | null;
  refused: string | null;
  /** Whether anybody was seen to evaluate it; null: not asked. */
  evaluations: EvaluationVerdict | null;
  /** Places in the source that ask for it; null where no source was searched. */
  places: number | null;
}

export interface FlagFinding {
  rule: FlagLintRule;
  flag: string;
  environment: string;
  message: string;
  why: string;
  mend: string;
}

const STALE_DAYS = 14;
const ACTIVE_LIMIT = 50;
const PLACES_LIMIT = 3;
const DAY = 86_400_000;

/** What is wrong with the flags of a registry at the time `now`, in milliseconds since 1970. Retired ones are past it. */
export function lintFlags(flags: readonly FlagFacts[], now: number): FlagFinding[] {
  const found: FlagFinding[] = [];
  const say = (rule: FlagLintRule, flag: Pick<FlagFacts, 'key' | 'environment'>, message: string) =>
    found.push({ rule, flag: flag.key, environment: flag.environment, message, ...FLAG_LINT[rule] });
  const present = flags.filter(({ lifecycle }) => lifecycle !== 'Retired');
  for (const flag of present) {
    const { definition, everybodySince, refused, evaluations, places } = flag;
    const lasting = definition?.purpose === 'permission' || definition?.purpose === 'ops';
    const expires = definition?.expires ?? null;
    // The whole day is still good, wherever it is.
    if (expires !== null && now > Date.parse(expires) + 2 * DAY)
      say('FLAG-EXPIRED', flag, `expired on ${expires}`);
    if (everybodySince !== null && !lasting && now - everybodySince > STALE_DAYS * DAY)
      say('FLAG-STALE', flag, `at 100 % for ${Math.floor((now - everybodySince) / DAY)} days`);
    if ((definition?.owner ?? null) === null) say('FLAG-NO-OWNER', flag, 'nobody owns it');
    if (definition !== null && !lasting && expires === null)
      say('FLAG-NO-EXPIRY', flag, `a flag for ${definition.purpose} without an end`);
    if (evaluations?.kind === 'unseen')
      say('FLAG-NEVER-EVALUATED', flag, `nobody was seen to evaluate it (${evaluations.watched.join(', ')})`);
    if (definition?.drill !== undefined) say('FLAG-DRILL', flag, 'a drill is set');
    if (refused !== null) say('FLAG-REFUSED', flag, refused);
    const circle = circleFrom(flag, present);
    if (circle !== null) say('FLAG-CIRCLE', flag, circle.join(' → '));
    if (places !== null && places > PLACES_LIMIT)
      say('FLAG-SCATTERED', flag, `asked for in ${places} places`);
  }
  for (const environment of new Set(present.map((flag) => flag.environment))) {
    const active = present.filter((flag) => flag.environment === environment && isActive(flag));
    if (active.length > ACTIVE_LIMIT)
      say('FLAG-TOO-MANY', { key: '', environment }, `${active.length} active flags`);
  }
  return found;
}

/** A rollout has it in hand or has left it on, or a hand has. */
function isActive({ lifecycle, exposure, live }: FlagFacts): boolean {
  return lifecycle !== 'Proposed' || live || !isNobody(exposure);
}

function circleFrom(start: FlagFacts, flags: readonly FlagFacts[]): string[] | null {
  const seen = new Set<string>();
  const walk = (way: string[]): string[] | null => {
    const last = way.at(-1) ?? start.key;
    const flag = flags.find(({ key, environment }) => key === last && environment === start.environment);
    for (const { flag: next } of flag?.definition?.requires ?? []) {
      if (next === start.key) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      const found = walk([...way, next]);
      if (found !== null) return found;
    }
    return null;
  };
  return walk([start.key]);
}
