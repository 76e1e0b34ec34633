import { type Check, hostOf, type KnownChecks, secretsIn } from '../plans/check.ts';
import type { Plan } from '../plans/plan.ts';
import { tenantQuestions } from '../plans/tenant-answers.ts';

const NOTHING: KnownChecks = { hosts: {}, databases: [], commands: {} };

/** What checks and queries of a plan name that `tidegate.yaml` does not let them ask. */
export function unknownInChecks(
  { stages }: Plan,
  known: KnownChecks = NOTHING,
): { path: string; message: string; instead: string }[] {
  return stages.flatMap(({ checks = [], ...stage }, at) => [
    ...checks.flatMap((check, index) =>
      faultsOf(check, known).map(([place, message, instead]) => {
        return { path: `stages[${at}].checks[${index}].${place}`, message, instead };
      }),
    ),
    ...tenantQuestions({ stages: [{ ...stage, checks }] }).flatMap(({ path, query: { database } }) =>
      unknownDatabase(database, known).map(([, message, instead]) => {
        return { path: `stages[${at}].${path.join('.')}.database`, message, instead };
      }),
    ),
  ]);
}

function unknownDatabase(name: string, { databases }: KnownChecks): Fault[] {
  if (databases.includes(name)) return [];
  return [['database', `"${name}" is not in \`checks.databases\` of tidegate.yaml`, oneOf(databases)]];
}

type Fault = [place: string, message: string, instead: string];

function faultsOf({ http, sql, command }: Check, known: KnownChecks): Fault[] {
  const faults: Fault[] = [];
  if (http !== undefined) {
    const host = hostOf(http.url);
    const secrets = Object.hasOwn(known.hosts, host) ? known.hosts[host] : undefined;
    if (secrets === undefined)
      faults.push([
        'http.url',
        `"${host}" is not in \`checks.hosts\` of tidegate.yaml`,
        oneOf(Object.keys(known.hosts)),
      ]);
    else
      for (const [header, value] of Object.entries(http.headers ?? {}))
        for (const name of secretsIn(value).filter((secret) => !secrets.includes(secret)))
          faults.push([
            `http.headers.${header}`,
            `tidegate.yaml has no secret "${name}" for ${host}`,
            oneOf(secrets),
          ]);
  }
  if (sql !== undefined)
    for (const [place, ...rest] of unknownDatabase(sql.database, known))
      faults.push([`sql.${place}`, ...rest]);
  const [name, ...more] = command ?? [];
  if (name === undefined) return faults;
  const allowed = Object.hasOwn(known.commands, name) ? known.commands[name] : undefined;
  if (allowed === undefined)
    faults.push([
      'command',
      `"${name}" is not in \`checks.commands\` of tidegate.yaml`,
      oneOf(Object.keys(known.commands)),
    ]);
  else if (more.length > 0 && !allowed.arguments)
    faults.push(['command', `tidegate.yaml lets nobody give ${name} arguments`, `[${name}]`]);
  return faults;
}

function oneOf(names: readonly string[]): string {
  return names.length === 0 ? 'none is defined' : `one of ${names.toSorted().join(', ')}`;
}
