import type { Command } from 'commander';
import type { Run } from './run.ts';

const access = () => import('./commands/access.ts');

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Who asks, and the tokens of people and programs. */
export function addAccess(program: Command, run: Run): void {
  program
    .command('login')
    .description('keep a token for this server; it is read from standard input')
    .action(run(async (c) => (await access()).login(c)));
  program
    .command('logout')
    .description('forget the token for this server')
    .action(run(async (c) => (await access()).logout(c)));
  program
    .command('whoami')
    .description('show who the server takes you for, and what you may do')
    .action(run(async (c) => (await access()).whoami(c)));

  const tokens = program.command('tokens').description('tokens of people and programs, for administrators');
  tokens
    .command('create <name>')
    .description('make a token for a person or a program; it is shown once')
    .requiredOption(
      '--grant <grant>',
      'ROLE[:AS][@ENVIRONMENT][/FLAG], such as operator or approver:on-call@production; may be repeated',
      collect,
    )
    .option('--days <days>', 'how long it counts', '90')
    .action(
      run(async (c, name: string, options: { grant: string[]; days: string }) =>
        (await access()).createToken(c, name, options),
      ),
    );
  tokens
    .command('list')
    .description('list tokens, the newest first')
    .action(run(async (c) => (await access()).listTokens(c)));
  tokens
    .command('revoke <id>')
    .description('end a token now')
    .action(run(async (c, id: string) => (await access()).revokeToken(c, id)));
}
