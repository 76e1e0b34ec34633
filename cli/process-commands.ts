import type { Command } from 'commander';
import type { PreviewOptions } from './commands/notify.ts';
import type { Run } from './run.ts';

const processes = () => import('./commands/processes.ts');

/** The processes that Tidegate is made of, and the check of what they need. */
export function addProcesses(program: Command, run: Run): void {
  program
    .command('doctor')
    .description('try every connection of tidegate.yaml and say what to mend')
    .action(run(async (c) => (await processes()).doctor(c)));
  program
    .command('console')
    .description('print a link to the console in a browser that logs you in')
    .action(run(async (c) => (await import('./commands/console.ts')).openConsole(c)));
  program
    .command('config')
    .description('the configuration, tidegate.yaml')
    .command('schema')
    .description('print the JSON Schema of tidegate.yaml, for editors')
    .action(run(async () => (await processes()).configSchema()));
  program
    .command('notify')
    .description('messages to people')
    .command('preview')
    .description('what a channel would send, of an example or of a real rollout; nothing is sent')
    .requiredOption('--channel <name>', 'a channel of tidegate.yaml')
    .requiredOption('--event <event>', 'a transition of the journal, such as hard-stop')
    .option('--rollout <id>', 'a real rollout in the place of an example')
    .option('--out <file>', 'write the HTML of a mail into a file')
    .action(
      run(async (c, options: PreviewOptions) => (await import('./commands/notify.ts')).preview(c, options)),
    );
  program
    .command('up')
    .description('start everything on this machine: databases, worker and server')
    .option('--demo', 'with an example shop, its load and two rollouts')
    .option('--once', 'end when the rollouts of the demonstration have')
    .action(
      run(async (c, options: { demo?: boolean; once?: boolean }) => (await processes()).up(c, options)),
    );
  program
    .command('worker')
    .description('run a worker: it performs what the rollouts decide')
    .action(run(async (c) => (await processes()).worker(c)));
  program
    .command('server')
    .description('run the server: HTTP API, OFREP and flagd sync')
    .action(run(async (c) => (await processes()).server(c)));
}
