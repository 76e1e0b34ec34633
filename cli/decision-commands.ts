import type { Command } from 'commander';
import type { DecisionOptions, ToldOptions } from './commands/decisions.ts';
import type { EvidenceOptions } from './commands/evidence.ts';
import type { Run } from './run.ts';

const evidence = () => import('./commands/evidence.ts');
const decisions = () => import('./commands/decisions.ts');
const WHY = ['--reason <text>', 'why; it stands in the journal'] as const;

/** What people decide about a rollout; it is named by its id, its plan or its flag. */
export function addDecisions(program: Command, run: Run): void {
  program
    .command('approve <rollout>')
    .description(
      'approve what the rollout waits for: its start, its next stage, a soft stop, or a traffic split',
    )
    .option(...WHY)
    .option('--accept <difference>', 'accept a soft stop up to this difference, such as 0.3pp')
    .option('--break-glass', 'approve your own rollout; a second person confirms afterwards')
    .action(
      run(async (c, reference: string, options: DecisionOptions) =>
        (await decisions()).decide(c, { action: 'approve', reference }, options),
      ),
    );

  program
    .command('confirm <rollout>')
    .description('confirm the point of no return of a rollout whose old path is seen unused')
    .option('--confirm <name>', 'the flag or the rollout, written out (default: asked on a terminal)')
    .option(...WHY)
    .action(
      run(async (c, reference: string, options: DecisionOptions) =>
        (await import('./commands/confirm.ts')).confirm(c, reference, options),
      ),
    );

  const plain = [
    ['reject', 'refuse what the rollout waits for'],
    ['step-back', 'go back one stage'],
    ['pause', 'stay where it is; the gate goes on watching'],
    ['resume', 'go on after a pause; a flag that somebody else moved goes back to its stage'],
    ['recheck', 'ask the checks before the next stage again, now'],
    ['waive', 'let it begin without what its plan asks for before; needs --reason'],
    ['accept-drift', 'go on from where somebody else moved the flag: from the highest stage within it'],
    ['end', 'end the observation of a plan that only watches; the flag stays as it is'],
  ] as const;
  for (const [action, description] of plain) {
    program
      .command(`${action} <rollout>`)
      .description(description)
      .option(...WHY)
      .action(
        run(async (c, reference: string, options: DecisionOptions) =>
          (await decisions()).decide(c, { action, reference }, options),
        ),
      );
  }

  program
    .command('rollback <rollout>')
    .description('take the canary from everybody and end the rollout')
    .option('--progressive', 'stage by stage, for an old path that has grown cold')
    .option('--every <duration>', 'time from one step to the next, such as 10m')
    .option('--immediate', 'all at once, also where the plan says otherwise or a slower one goes on')
    .option(...WHY)
    .action(
      run(async (c, reference: string, options: DecisionOptions) =>
        (await decisions()).decide(c, { action: 'rollback', reference }, options),
      ),
    );

  const audiences = [
    ['exclude', 'take one tenant or segment off the canary; the rollout goes on for the rest'],
    ['include', 'ask that somebody excluded has the canary again; a second person approves it'],
  ] as const;
  for (const [action, description] of audiences) {
    program
      .command(`${action} <rollout>`)
      .description(description)
      .option('--tenant <name>', 'the tenant, as the context of the flag names it')
      .option('--segment <name>', 'the segment')
      .requiredOption(...WHY)
      .action(
        run(async (c, reference: string, options: DecisionOptions) =>
          (await decisions()).decide(c, { action, reference }, options),
        ),
      );
  }

  program
    .command('told <rollout>')
    .description('say what others serve now, of a rollout whose plan has `provider: told`')
    .requiredOption('--percent <n>', 'the share that has the canary; 0: nobody')
    .option(
      '--segments <names>',
      'segments that have it, with commas (default: as in the plan at that share)',
    )
    .option('--sequence <n>', 'grows with each change (default: one more than was told last)')
    .option('--mover <name>', 'who moved the flag')
    .option('--at <time>', 'when, as ISO 8601 such as 2026-03-01T08:00Z (default: now)')
    .action(
      run(async (c, reference: string, options: ToldOptions) =>
        (await decisions()).tell(c, reference, options),
      ),
    );

  program
    .command('evidence <rollout> <kind>')
    .description(
      'tell what the plan asks for before the rollout begins: tests, sign-off, on-call, runbook, support, alerts, dashboards',
    )
    .option('--not-ok', 'it is not as it should be')
    .option('--url <address>', 'where it can be read')
    .action(
      run(async (c, reference: string, kind: string, options: EvidenceOptions) =>
        (await evidence()).tellEvidence(c, { reference, kind }, options),
      ),
    );

  program
    .command('amend <rollout> <file>')
    .description('change the plan of a running rollout and show what changes')
    .option(...WHY)
    .action(
      run(async (c, reference: string, file: string, options: { reason?: string }) =>
        (await decisions()).amend(c, { reference, file }, options),
      ),
    );
}
