import type { Check } from '../check.ts';
import type { Path } from '../document.ts';
import type { Review } from './context.ts';

/** Each check asks one thing in some time, and has a name of its own in its stage. */
export function reviewChecks({ plan, error, sound }: Review): void {
  plan.stages.forEach(({ checks = [] }, stage) => {
    checks.forEach((check, index) => {
      const path = ['stages', stage, 'checks', index];
      if (!sound(path)) return;
      const first = checks.findIndex(({ name }) => name === check.name);
      if (first !== index && sound([...path, 'name']))
        error([...path, 'name'], {
          rule: 'PLAN-NAME-TWICE',
          message: `"${check.name}" is the name of stages[${stage}].checks[${first}] already`,
          instead: 'a name of its own',
        });
      if (check.timeout <= 0 && sound([...path, 'timeout']))
        error([...path, 'timeout'], {
          rule: 'PLAN-TIME',
          message: 'nothing can answer in no time',
          instead: 'more than 0, such as 30s',
        });
      for (const [place, message, instead] of faultsOf(check)) {
        const at: Path = [...path, ...place];
        if (sound(at)) error(at, { rule: 'PLAN-CHECK', message, instead });
      }
    });
  });
}

type Fault = [place: Path, message: string, instead: string];

function faultsOf(check: Check): Fault[] {
  const { http, sql, command } = check;
  const asked = [http, sql, command].filter((one) => one !== undefined).length;
  const faults: Fault[] = [];
  if (asked !== 1)
    faults.push([
      [],
      asked === 0 ? 'it asks nothing' : 'it asks more than one thing',
      'one of `http`, `sql` and `command`',
    ]);
  if (http !== undefined) {
    const { username, password } = new URL(http.url);
    if (username !== '' || password !== '')
      faults.push([
        ['http', 'url'],
        'a plan holds no secrets',
        '`headers: { Authorization: "Bearer ${NAME}" }`',
      ]);
    if (http.body !== undefined && (http.method === 'GET' || http.method === 'HEAD'))
      faults.push([['http', 'body'], `${http.method} sends no body`, '`method: POST`, or no body']);
    if (http.expectBody !== undefined && http.method === 'HEAD')
      faults.push([['http', 'expectBody'], 'the answer to HEAD has no body', '`method: GET`']);
  }
  const { rows, value, agree } = sql?.expect ?? {};
  const expected = [rows, value, agree].filter((one) => one !== undefined).length;
  if (sql !== undefined && expected !== 1)
    faults.push([
      ['sql', 'expect'],
      expected === 0 ? 'nothing says what must come' : 'more than one answer is expected',
      'one of `rows`, `value` and `agree`',
    ]);
  return faults;
}
