import { type Path, readYaml } from '../document.ts';
import { type Finding, pathText } from '../finding.ts';
import { earliestTimes } from '../least-time.ts';
import type { Beside, SoundPlan } from '../parse.ts';
import type { Plan } from '../plan.ts';
import { dateOf, type Windows } from '../windows.ts';
import { clock } from '../words.ts';
import type { Warn } from './context.ts';

/** What a plan is held against. */
export interface Clock {
  /** Milliseconds since 1970. */
  now: number;
  /** The plan of the rollout that it would amend: of what that says too nothing is said anew. */
  before?: Plan | undefined;
  /** Days by the names of `holidays` in tidegate.yaml, where they are known. */
  holidays?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** What has gone by, or comes before the rollout can be over. */
export function besideClock(by: Clock): Beside {
  return {
    knows: 'clock',
    review(plan, warn) {
      reviewWindows(plan, by, warn);
      // How long a rollout that has begun still takes is not for its text to say.
      if (by.before === undefined) reviewEnd(plan, by.now, warn);
      const { expires } = plan.flag;
      const zone = plan.windows?.timezone ?? 'UTC';
      const expired = expires !== undefined && expires < dateOf(zone, by.now);
      if (expired && expires !== by.before?.flag.expires)
        warn(['flag', 'expires'], {
          rule: 'PLAN-EXPIRED',
          message: 'this day is over, and the flag is still to be used',
          instead: 'a day after the end of the rollout',
        });
      const { start } = plan;
      if (start !== undefined && Date.parse(start.at) < by.now && start.at !== by.before?.start?.at)
        warn(['start', 'at'], {
          rule: 'PLAN-PAST',
          message: 'this time is over: the rollout does not wait for it',
          instead: 'a time to come, or take `start` out',
        });
    },
  };
}

/** A deadline that is over lets no rollout begin; null: it is not, or the rollout that is amended has it already. */
export function overdueFinding(
  { text, file }: { text: string; file: string },
  { plan, written, now, before }: Pick<SoundPlan, 'plan' | 'written'> & Clock,
): Finding | null {
  const at = plan.deadline?.at;
  if (at === undefined || Date.parse(at) > now || at === before?.deadline?.at) return null;
  const path = written(['deadline', 'at']);
  const ends = plan.deadline?.then === 'rollback' ? 'be rolled back' : 'pause';
  return {
    severity: 'error',
    rule: 'PLAN-DEADLINE',
    file,
    ...readYaml(text, { file, rule: 'PLAN-YAML' }).locate(path),
    path: pathText(path),
    message: `the deadline is over: the rollout would ${ends} before it does anything`,
    instead: 'a time to come',
  };
}

/** What comes before the stages can be over, even where nobody and nothing holds them. */
function reviewEnd(plan: Plan, now: number, warn: Warn): void {
  const { begin, end } = earliestTimes(plan, now);
  const earliest = `from its first stage on the rollout takes until ${clock(end).slice(0, 16)} UTC at least`;
  const { deadline, flag } = plan;
  const at = deadline?.at === undefined ? null : Date.parse(deadline.at);
  const due = deadline?.after === undefined ? at : begin + deadline.after * 1000;
  if (due !== null && due > now && due < end)
    warn(['deadline', deadline?.at === undefined ? 'after' : 'at'], {
      rule: 'PLAN-DEADLINE-SHORT',
      message: `the deadline comes first: ${earliest}`,
      instead: 'a later one, shorter bake times, or wider windows',
    });
  const zone = plan.windows?.timezone ?? 'UTC';
  const { expires } = flag;
  if (expires !== undefined && expires >= dateOf(zone, now) && expires < dateOf(zone, end))
    warn(['flag', 'expires'], {
      rule: 'PLAN-EXPIRED',
      message: `the flag is to be gone while the rollout uses it: ${earliest}`,
      instead: 'a later day',
    });
  plan.stages.forEach(({ decommission }, stage) => {
    const steps = decommission?.steps ?? [];
    steps.forEach(({ due: day }, index) => {
      if (typeof day !== 'string' || day >= dateOf('UTC', end)) return;
      warn(['stages', stage, 'decommission', 'steps', index, 'due'], {
        rule: 'PLAN-PAST',
        message: `this day comes before the step can begin: ${earliest}`,
        instead: 'a later day, or a time such as 14d that counts from then',
      });
    });
  });
}

function reviewWindows(plan: Plan, by: Clock, warn: Warn): void {
  const all: [path: Path, windows: Windows | undefined, before: Windows | undefined][] = [
    [['windows'], plan.windows, by.before?.windows],
    ...plan.stages.map(({ windows, name }, index): [Path, Windows | undefined, Windows | undefined] => [
      ['stages', index, 'windows'],
      windows,
      by.before?.stages.find((stage) => stage.name === name)?.windows,
    ]),
  ];
  for (const [path, windows, before] of all) {
    if (windows === undefined) continue;
    const today = dateOf(windows.timezone, by.now);
    const last = windows.freezes
      .map(({ to }) => to)
      .toSorted()
      .at(-1);
    const known = before?.freezes
      .map(({ to }) => to)
      .toSorted()
      .at(-1);
    if (last !== undefined && last < today && last !== known)
      warn([...path, 'freezes'], {
        rule: 'PLAN-PAST',
        message: `the last freeze ended on ${last}: none is to come`,
        instead: 'the next ones, or none',
        key: true,
      });
    const holiday = lastHoliday(windows, by);
    if (holiday === null || holiday >= today || holiday === (before && lastHoliday(before, by))) continue;
    const list = typeof windows.holidays === 'string' ? ` of "${windows.holidays}" in tidegate.yaml` : '';
    warn([...path, 'holidays'], {
      rule: 'PLAN-PAST',
      message: `the last holiday${list} was on ${holiday}: none is to come`,
      instead: 'the next ones, or none',
      key: true,
    });
  }
}

function lastHoliday({ holidays = [] }: Windows, by: Clock): string | null {
  const days = typeof holidays === 'string' ? by.holidays?.[holidays] : holidays;
  return days?.toSorted().at(-1) ?? null;
}
