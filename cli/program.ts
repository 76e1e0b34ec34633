import { Command, Option } from 'commander';
import { addAccess } from './access-commands.ts';
import { addAfter } from './after-commands.ts';
import { addCompletion } from './completion-commands.ts';
import { addDecisions } from './decision-commands.ts';
import { addDrills } from './drill-commands.ts';
import { addExamples } from './examples.ts';
import { addFlags } from './flag-commands.ts';
import { addFlagTokens } from './flag-token-commands.ts';
import { addPlans } from './plan-commands.ts';
import { addProcesses } from './process-commands.ts';
import { addRollouts } from './rollout-commands.ts';
import { runner } from './run.ts';
import { addSteps } from './step-commands.ts';
import { packageVersion } from './version.ts';

const DEFAULT_SERVER = 'http://127.0.0.1:7070';

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/**
 * All commands; `finish` gets the exit status of the one that ran. Each loads its code when it runs, so that
 * `--help` and mistakes answer at once.
 */
export function createProgram(finish: (status: number) => void): Command {
  const program = createCommands(finish);
  addCompletion(program, runner(finish), () => createCommands(() => undefined));
  addExamples(program);
  return program;
}

function createCommands(finish: (status: number) => void): Command {
  const program = new Command('tidegate')
    .description(
      'Move a feature flag forward while the canary is as good as the baseline, and back when it is not.',
    )
    .version(packageVersion(), '--version', 'print the version')
    .option('--json', 'machine-readable output')
    .addOption(
      new Option('--server <url>', 'address of the server').env('TIDEGATE_SERVER').default(DEFAULT_SERVER),
    )
    .option('--config <file>', 'configuration (default: tidegate.yaml where there is one)')
    .addOption(
      new Option('--as <name>', 'in whose name; with the token of an administrator of this machine').env(
        'TIDEGATE_USER',
      ),
    )
    .option('--token <token>', 'who asks (default: TIDEGATE_TOKEN, `tidegate login`, or this machine)')
    .option('--role <role>', 'in which role to approve (default: all of yours); may be repeated', collect)
    .addHelpText(
      'after',
      '\nExit status: 0 done, 1 the answer is no, 2 wrong use, 3 something could not be reached.',
    )
    .exitOverride()
    // Mistakes are told by `main.ts`, in the same form as every other failure.
    .configureOutput({ outputError: () => undefined });

  const run = runner(finish);
  addPlans(program, run);
  addRollouts(program, run);
  addDecisions(program, run);
  addAfter(program, run);
  addSteps(program, run);
  addDrills(program, run);
  addFlags(program, run);
  addAccess(program, run);
  addFlagTokens(program, run);
  addProcesses(program, run);
  return program;
}
