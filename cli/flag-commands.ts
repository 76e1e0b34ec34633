import type { Command } from 'commander';
import type { At, DefinitionOptions, MoveOptions, Why } from './commands/flag-definitions.ts';
import type { Searched, Windowed } from './commands/flag-hygiene.ts';
import type { KillOptions } from './commands/flags.ts';
import { number } from './number.ts';
import type { Run } from './run.ts';
import { addSegments } from './segment-commands.ts';

const flags = () => import('./commands/flags.ts');
const definitions = () => import('./commands/flag-definitions.ts');
const hygiene = () => import('./commands/flag-hygiene.ts');
const ENVIRONMENT = ['--environment <name>', 'where the flag has several environments'] as const;
const WINDOW = ['--window <duration>', 'how far back evaluations are looked for', '30d'] as const;
const REASON = ['--reason <text>', 'why; it stands in the history'] as const;

/** Flags as they are delivered, what they are, kill and its way back. */
export function addFlags(program: Command, run: Run): void {
  program
    .command('kill <flag>')
    .description('take the canary from everybody now, past every queue, and latch the flag')
    .option(...ENVIRONMENT)
    .option('--direct', 'without the server: straight to the database and the data folder')
    .option('--reason <text>', 'why; it stands in the journal')
    .action(run(async (c, key: string, options: KillOptions) => (await flags()).kill(c, key, options)));
  program
    .command('unlock <flag>')
    .description('let rollouts raise a killed flag again')
    .option(...ENVIRONMENT)
    .requiredOption('--reason <text>', 'why it is safe again')
    .action(
      run(async (c, key: string, options: { environment?: string; reason: string }) =>
        (await flags()).unlock(c, key, options),
      ),
    );
  const group = program
    .command('flags')
    .description('flags: what they are, whom they reach, who changed them');
  group
    .command('list [flag]', { isDefault: true })
    .description(
      'show flags: exposure, lifecycle, owner, purpose, expiry, the rollout that moves them, latches',
    )
    .option(...ENVIRONMENT)
    .action(
      run(async (c, key: string | undefined, options: { environment?: string }) =>
        (await flags()).flags(c, key, options),
      ),
    );
  group
    .command('show <flag>')
    .description('one flag with its definition')
    .option(...ENVIRONMENT)
    .action(run(async (c, key: string, options: At) => (await definitions()).show(c, key, options)));
  defining(group.command('create <flag>').description('make a flag, which reaches nobody yet')).action(
    run(async (c, key: string, options: DefinitionOptions) => (await definitions()).create(c, key, options)),
  );
  defining(group.command('edit <flag>').description('change what a flag is; its exposure stays')).action(
    run(async (c, key: string, options: DefinitionOptions) => (await definitions()).edit(c, key, options)),
  );
  group
    .command('set <flag>')
    .description('move a flag by hand')
    .option(...ENVIRONMENT)
    .option('--percent <number>', 'share of everybody', number)
    .option('--segments <names>', 'segments, separated by commas', names)
    .option('--on', 'everybody; of targeting and rules: those whom they name')
    .option('--off', 'nobody')
    .requiredOption(...REASON)
    .action(run(async (c, key: string, options: MoveOptions) => (await definitions()).set(c, key, options)));
  addRevisions(group, run);
  group
    .command('apply <file>')
    .description('bring flags and segments to what a file says, and show the difference first')
    .option('--dry-run', 'show the difference and change nothing')
    .option(...REASON)
    .action(
      run(async (c, file: string, options: { reason?: string; dryRun?: boolean }) =>
        (await definitions()).apply(c, file, options),
      ),
    );
  addHygiene(group, run);
  addSegments(group, run);
}

function addHygiene(group: Command, run: Run): void {
  group
    .command('lint')
    .description('what the registry should not keep; 1 where there is any')
    .option(...ENVIRONMENT)
    .option(...WINDOW)
    .option('--source <folder>', 'also count where the source asks for each flag')
    .action(run(async (c, options: Windowed & { source?: string }) => (await hygiene()).lint(c, options)));
  group
    .command('stale')
    .description(
      'flags that should be gone: expired, at 100 % for over 14 days, or never evaluated; 1 where there is any',
    )
    .option(...ENVIRONMENT)
    .option(...WINDOW)
    .action(run(async (c, options: Windowed) => (await hygiene()).stale(c, options)));
  group
    .command('retired')
    .description(
      'flags that are decommissioned wherever they are; with --json the list that the lint rule reads',
    )
    .option(...ENVIRONMENT)
    .action(run(async (c, options: At) => (await hygiene()).retired(c, options)));
  group
    .command('evaluations [flag]')
    .description('who was seen to evaluate each flag, and of which nobody can say it')
    .option(...ENVIRONMENT)
    .option(...WINDOW)
    .action(
      run(async (c, key: string | undefined, options: Windowed) =>
        (await hygiene()).evaluations(c, key, options),
      ),
    );
  group
    .command('references [flag] [folder]')
    .description('where the source names a flag: in quotes, in YAML also without, or by a constant')
    .option(...ENVIRONMENT)
    .option('--source <folder>', 'what to search, where no folder is named', '.')
    .option('--retired', 'retired flags alone; 1 while any is named')
    .option('--none', '1 while any place names the flag')
    .option('--report', 'tell the server how many places name each flag')
    .option('--repository <name>', 'of what is reported (default: as git knows it)')
    .option('--commit <id>', 'what was searched (default: what git has checked out)')
    .action(
      run(async (c, key: string | undefined, folder: string | undefined, options: Searched) =>
        (await hygiene()).references(c, key, { ...options, source: folder ?? options.source }),
      ),
    );
}

function addRevisions(group: Command, run: Run): void {
  group
    .command('history <flag>')
    .description('every change: who, when, why and what')
    .option(...ENVIRONMENT)
    .action(run(async (c, key: string, options: At) => (await definitions()).history(c, key, options)));
  group
    .command('diff <flag>')
    .description('what differs between two revisions')
    .argument('<revision>', 'the earlier one', number)
    .argument('[later]', 'the later one (default: the newest)', number)
    .option(...ENVIRONMENT)
    .action(
      run(async (c, key: string, from: number, to: number | undefined, at: At) =>
        (await definitions()).diff(c, key, { ...at, from, to }),
      ),
    );
  group
    .command('undo <flag>')
    .description(
      'back to an earlier revision, as a new one; raises nothing that a rollout owns or a kill holds',
    )
    .requiredOption('--to <revision>', 'the revision to go back to', number)
    .requiredOption(...REASON)
    .option(...ENVIRONMENT)
    .action(
      run(async (c, key: string, options: Why & { to: number }) =>
        (await definitions()).undo(c, key, options),
      ),
    );
}

function defining(command: Command): Command {
  return command
    .option(...ENVIRONMENT)
    .option('--file <file>', 'YAML or JSON with the flag, in the place of the options below')
    .option('--kind <kind>', 'boolean or percentage; targeting, rule and multivariate need a file')
    .option('--description <text>', 'what it switches')
    .option('--owner <team>', 'whom to ask')
    .option('--purpose <purpose>', 'release, experiment, permission or ops')
    .option('--expires <date>', 'when it should be gone, such as 2027-06-30')
    .option('--flag-set <name>', 'the flag set of the environment that it belongs to; none: to no such')
    .option('--exclude <names>', 'segments that always get the baseline', names)
    .option('--opt-in <names>', 'joinable segments', names)
    .option('--requires <flag=variant...>', 'a flag that must give a variant')
    .option('--baseline <variant>', 'what everybody gets')
    .option('--canary <variant>', 'what the exposure gives')
    .option('--stickiness <attribute>', 'what keeps a user in a cohort')
    .option(
      '--mode <mode>',
      'how tidegate/client serves the new path: live, shadow, dark, aa; none: as it says',
    )
    .option('--drill <fields>', 'a failure on purpose: errorRate=0.2,latencyMs=300,percent=5; none: no more')
    .requiredOption(...REASON);
}

function names(text: string): string[] {
  return text.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
}
